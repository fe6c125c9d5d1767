import { z } from 'zod';
import type { RunRow, RunStepRow } from '../../db/run-queries';
import { RUN_STATUSES, STEP_STATUSES, type artifacts } from '../../db/tables/runs';
import type { RunOfChange } from '../../db/runs/runs-of-change';
import { CustomType } from '../changes/change-answer';
import { ContextName } from '../changes/context-name';
import { isoOrNull, Timestamp } from '../http/values';

const Document = z.record(z.string(), z.unknown());

/**
 * Maximum number of retries that a response lists for one run. The oldest are listed. A retry of a retry is listed with
 * the run that it retries.
 */
export const MAX_RETRIES = 20;

/** Response schema for a run. */
export const RunAnswer = z
  .object({
    id: z.uuid(),
    automationId: z.uuid(),
    automationName: z.string(),
    version: z.int(),
    status: z.enum(RUN_STATUSES),
    endedBy: Document.nullable().describe('Why the run ended before its last step'),
    error: Document.nullable(),
    triggerId: z.string().nullable(),
    triggerEvent: z.string().nullable(),
    customType: CustomType,
    contextKey: z.string().nullable(),
    parentRunId: z.uuid().nullable().describe('The run that this one retries'),
    causedBy: z.uuid().nullable().describe('The run whose write triggered this one'),
    depth: z.int().describe('Length of the chain of causes'),
    createdAt: Timestamp.describe('When the run was created. It may start later, e.g. after a wait for another run'),
    startedAt: Timestamp.nullable(),
    finishedAt: Timestamp.nullable(),
    webUiUrl: z.string().nullable().describe('The run in the Temporal Web UI'),
  })
  .meta({ id: 'Run' });

/** Response schema for a run in a list. */
export const ListedRun = RunAnswer.extend({ contextName: ContextName }).meta({ id: 'ListedRun' });

/** Response schema for a run with fields that require additional queries. */
export const RunWithLinks = ListedRun.extend({
  stuck: z.string().nullable().describe('Why an open run makes no progress, if a reason is known'),
  retriedBy: z
    .array(z.object({ id: z.uuid(), status: z.enum(RUN_STATUSES), startedAt: Timestamp.nullable() }))
    .describe(`Runs that retry this one, oldest first; at most ${MAX_RETRIES}`),
}).meta({ id: 'RunWithLinks' });

const FailedAttempt = z.object({
  no: z.int().describe('Number of the attempt within the step, from 1'),
  at: Timestamp.nullable(),
  tookMs: z
    .int()
    .nullable()
    .describe('Time from sending the request to its failure; null when it could not be sent, and for the last attempt'),
  code: z.string(),
  message: z.string(),
  status: z.int().nullable().describe('HTTP status that the server answered with'),
});

/** Response schema for one step of a run. */
export const StepAnswer = z
  .object({
    path: z.string(),
    actionId: z.string().nullable(),
    kind: z.string(),
    action: z.string().nullable(),
    status: z.enum(STEP_STATUSES),
    attempts: z.int(),
    startedAt: Timestamp.nullable(),
    finishedAt: Timestamp.nullable(),
    result: z.unknown(),
    error: Document.nullable(),
    config: Document.nullable().describe(
      'Rendered configuration of an action: masked, without code, with references in place of secrets. Texts are cut to 1,000 characters; fields beyond 8 kB are `{truncated, bytes}`. Null for other kinds and before it is rendered',
    ),
    failedAttempts: z
      .array(FailedAttempt)
      .describe('Attempts of an action that failed, oldest first, at most 21; those that did not report are missing'),
    trace: z.unknown(),
  })
  .meta({ id: 'Step' });

/** Response schema for an action's artifact. */
export const ArtifactAnswer = z
  .object({
    actionId: z.string().nullable(),
    name: z.string(),
    type: z.string(),
    data: Document,
    closedAt: Timestamp.nullable(),
  })
  .meta({ id: 'Artifact' });

/** The Temporal Web UI that run links point to. Without `baseUrl`, runs have no links. */
export interface WebUi {
  baseUrl: string | undefined;
  namespace: string;
}

export function toRun(row: RunRow, webUi: WebUi): z.input<typeof RunAnswer> {
  const { workflowId, executionRunId, createdAt, startedAt, finishedAt, seq: _seq, ...rest } = row;
  return {
    ...rest,
    createdAt: new Date(createdAt).toISOString(),
    startedAt: isoOrNull(startedAt),
    finishedAt: isoOrNull(finishedAt),
    webUiUrl: webUiUrl(webUi, workflowId, executionRunId),
  };
}

/** Converts a retry to the format in which the response for the original run lists it. */
export function toRetry({ id, status, startedAt }: RunOfChange) {
  return { id, status, startedAt: isoOrNull(startedAt) };
}

function webUiUrl({ baseUrl, namespace }: WebUi, workflowId: string, executionRunId: string | null): string | null {
  if (baseUrl === undefined || executionRunId === null) return null;
  const place = [namespace, 'workflows', workflowId, executionRunId].map(encodeURIComponent).join('/');
  return `${baseUrl}/namespaces/${place}/history`;
}

/** The trace in a step row. It contains these fields in addition to the details of the step's evaluation. */
interface TraceOfRow extends Record<string, unknown> {
  config?: Record<string, unknown>;
  failures?: { no: number; at: string; tookMs?: number; code: string; message: string; status?: number }[];
}

/** Returns the failures that were followed by another attempt, and the failure with which the step ended. */
function failedAttempts(
  row: RunStepRow,
  failures: NonNullable<TraceOfRow['failures']>,
): z.input<typeof FailedAttempt>[] {
  const earlier = failures.map(({ at, tookMs = null, status = null, ...failure }) => {
    return { ...failure, tookMs, status, at: new Date(at).toISOString() };
  });
  const { kind, error, status } = row;
  if (kind !== 'action' || status !== 'failed' || error === null) return earlier;
  const { code, message, status: answered } = error as { code?: string; message?: string; status?: number };
  const last = { no: row.attempts, at: isoOrNull(row.finishedAt), tookMs: null, status: answered ?? null };
  return [...earlier, { ...last, code: code ?? 'internal', message: message ?? '' }];
}

export function toStep(row: RunStepRow): z.input<typeof StepAnswer> {
  const { config, failures = [], ...trace } = (row.trace ?? {}) as TraceOfRow;
  return {
    path: row.path,
    actionId: row.actionId,
    kind: row.kind,
    action: row.action,
    status: row.status,
    attempts: row.attempts,
    startedAt: isoOrNull(row.startedAt),
    finishedAt: isoOrNull(row.finishedAt),
    result: row.result ?? null,
    error: row.error,
    config: config ?? null,
    failedAttempts: failedAttempts(row, failures),
    trace: row.trace == null ? null : trace,
  };
}

export function toArtifact(row: typeof artifacts.$inferSelect): z.input<typeof ArtifactAnswer> {
  const { actionId, name, type, data, closedAt } = row;
  return { actionId, name, type, data, closedAt: isoOrNull(closedAt) };
}
