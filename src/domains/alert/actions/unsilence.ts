import { z } from 'zod';
import { findSilences } from '../../../db/alert-silences';
import type { CallingAction } from '../../../integrations/contract';
import { unsilenceAlerts } from '../alert-operations';
import type { RemoteSilences } from '../remote-silences';
import { alertOf } from './alert-of-run';

const TIMEOUT_MS = 5_000;

const Config = z
  .strictObject({ silenceId: z.guid().optional(), fingerprint: z.string().min(1).max(512).optional() })
  .refine(({ silenceId, fingerprint }) => silenceId === undefined || fingerprint === undefined, {
    message: 'give either a silenceId or a fingerprint',
  });
type Config = z.infer<typeof Config>;

/** The silences to end, with the decrypted connections of those that also exist in an Alertmanager. */
interface Prepared {
  silenceIds: string[];
  remote: { connection: unknown; id: string }[];
}

/**
 * Creates `alert.unsilence`, which ends a silence, or all silences of an alert, both here and in each Alertmanager in
 * which `alert.silence` created them.
 */
export function createUnsilenceAction(remote: RemoteSilences): CallingAction<Config> {
  return {
    id: 'unsilence',
    displayName: 'End silences',
    description:
      'Ends the named silence, or all silences of the named alert or of the alert of this run, also in Alertmanager. Succeeds when there is none.',
    configSchema: Config,
    execution: 'call',
    timeoutMs: () => TIMEOUT_MS,
    // Only silences that exist in an Alertmanager require a call, and `fermata test` cannot create such silences.
    leavesProcess: () => false,

    async prepare({ db, config, trigger, now, openConnection }): Promise<Prepared> {
      const { silenceId } = config;
      const which = silenceId === undefined ? { fingerprint: alertOf(trigger, config.fingerprint) } : { silenceId };
      const silences = await findSilences(db, which, now);
      const elsewhere = silences.flatMap((silence) => silence.remote ?? []);
      const opened = elsewhere.map(async ({ connectionId, id }) => ({
        connection: await openConnection('alertmanager', connectionId),
        id,
      }));
      return { silenceIds: silences.map(({ id }) => id), remote: await Promise.all(opened) };
    },

    async execute({ prepared, now, signal, timeoutMs }) {
      const { silenceIds, remote: elsewhere } = prepared as Prepared;
      for (const { connection, id } of elsewhere) {
        await remote.expire(connection, id, { signal, now, timeoutMs });
      }
      return { output: { ended: silenceIds } };
    },

    async settled({ tx, entities, cause, now, prepared }, { result }) {
      if (result === undefined) return;
      await unsilenceAlerts({ tx, entities, cause, now }, (prepared as Prepared).silenceIds);
    },
  };
}
