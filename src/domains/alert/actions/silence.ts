import { z } from 'zod';
import { findAlert } from '../../../db/alert-queries';
import type { ActionResult, CallingAction } from '../../../integrations/contract';
import { silenceAlerts, unknownAlert } from '../alert-operations';
import type { RemoteSilences } from '../remote-silences';
import { Matchers } from '../triggers';
import { alertOf, automationOf } from './alert-of-run';

/**
 * Timeout of a call, in milliseconds. At most 5,000, so that the first attempt can run as a local activity, inside the
 * workflow task. Later attempts run as regular activities.
 */
const TIMEOUT_MS = 5_000;
const MS_PER_MINUTE = 60_000;

const Config = z
  .strictObject({
    fingerprint: z.string().min(1).max(512).optional(),
    matchers: Matchers.min(1).optional().describe('Label matchers, instead of a fingerprint'),
    durationMinutes: z.number().positive().max(525_600),
    comment: z.string().max(2_000).default(''),
    connectionId: z
      .string()
      .trim()
      .min(1)
      .optional()
      .describe('An Alertmanager in which the silence is created too (a connection of the type alertmanager)'),
  })
  .refine(({ fingerprint, matchers }) => fingerprint === undefined || matchers === undefined, {
    message: 'give either a fingerprint or matchers',
  });
type Config = z.infer<typeof Config>;

const Artifact = z.object({
  silenceId: z.string(),
  fingerprint: z.string().nullable(),
  matchers: z.array(z.string()),
  endsAt: z.string(),
  /** Id of the silence in Alertmanager; null when no connection was named. */
  remoteSilenceId: z.string().nullable(),
});
type Artifact = z.infer<typeof Artifact>;

/** The data that is read before the call is sent. */
interface Prepared {
  silenceId: string;
  fingerprint: string | null;
  /** Labels of the alert; empty for a silence that is defined by matchers. */
  labels: Record<string, string>;
  createdBy: string;
}

/**
 * Creates `alert.silence`, which silences the alert of the run, the named alert, or all alerts that match the matchers.
 * When a connection is named, the silence is first created in that Alertmanager and then stored here: if the call
 * fails, the step fails and no silence is stored.
 */
export function createSilenceAction(remote: RemoteSilences): CallingAction<Config> {
  return {
    id: 'silence',
    displayName: 'Silence alerts',
    description:
      'Silences the alert of this run, the named alert, or all present and future alerts that matchers match; with connectionId also in that Alertmanager.',
    configSchema: Config,
    connection: 'alertmanager',
    produces: { name: 'silence', schema: Artifact },
    execution: 'call',
    timeoutMs: () => TIMEOUT_MS,
    leavesProcess: ({ connectionId }) => connectionId !== undefined,

    async prepare({ db, ids, config, trigger, cause }): Promise<Prepared> {
      const facts = { silenceId: ids.next(), createdBy: automationOf(cause) };
      if (config.matchers !== undefined) return { ...facts, fingerprint: null, labels: {} };
      const fingerprint = alertOf(trigger, config.fingerprint);
      const alert = await findAlert(db, fingerprint);
      if (alert === null) throw unknownAlert(fingerprint);
      return { ...facts, fingerprint, labels: alert.labels };
    },

    async execute({ config, prepared, connection, idempotencyKey, now, signal, timeoutMs }): Promise<ActionResult> {
      const { silenceId, fingerprint, labels, createdBy } = prepared as Prepared;
      const { comment, matchers = [], connectionId } = config;
      const endsAt = endOf(now, config);
      const remoteSilenceId =
        connectionId === undefined
          ? null
          : await remote.create(
              connection,
              { matchers, labels, endsAt, comment, createdBy, idempotencyKey },
              { signal, now, timeoutMs },
            );
      const artifact: Artifact = { silenceId, fingerprint, matchers, endsAt: endsAt.toISOString(), remoteSilenceId };
      return { output: artifact, artifact };
    },

    async settled({ tx, entities, config, prepared, cause, now }, { result }) {
      if (result === undefined) return;
      const { fingerprint, createdBy, ...planned } = prepared as Prepared;
      const { connectionId, comment, matchers = [] } = config;
      // When `fermata test` mocks the call, the artifact may have fewer fields than a real artifact.
      const left = Artifact.partial().parse(result.artifact ?? {});
      const { silenceId = planned.silenceId, endsAt = endOf(now, config).toISOString(), remoteSilenceId } = left;
      await silenceAlerts(
        { tx, entities, cause, now },
        {
          ...{ id: silenceId, endsAt: new Date(endsAt), comment, createdBy },
          ...(fingerprint === null ? { matchers } : { fingerprint }),
          ...(connectionId !== undefined &&
            remoteSilenceId != null && { remote: { connectionId, id: remoteSilenceId } }),
        },
      );
    },
  };
}

const endOf = (now: Date, { durationMinutes }: Config): Date =>
  new Date(now.getTime() + durationMinutes * MS_PER_MINUTE);
