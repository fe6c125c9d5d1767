import { sql } from 'drizzle-orm';
import { scopeKeyOf, type ConcurrencyScope } from '../../domain/run/bucket';
import { runWorkflowId } from '../../domain/run/workflow-id';
import { assertNever } from '../../domain/errors';
import type { Executor } from '../executor';
import { ACTIVE, inScope, lockBucket } from './bucket';
import { closeRuns, type ClosedRun } from './close-runs';

export type Mode = 'single' | 'restart' | 'queued' | 'parallel';

/** A run that asks to exist. */
export interface RunRequest {
  id: string;
  automationId: string;
  version: number;
  mode: Mode;
  scope: ConcurrencyScope;
  maxRuns: number;
  triggerId: string | null;
  triggerEvent: string | null;
  changeId: string | null;
  contextKey: string | null;
  /** The `trigger` root of the run's scope. */
  trigger: Record<string, unknown>;
  variables: Record<string, unknown>;
  causedBy: string | null;
  depth: number;
  parentRunId?: string;
  rootRunId?: string;
  /** Manual runs start on a disabled automation too. */
  evenIfDisabled?: boolean;
  /** The caller starts the execution itself right after its commit; otherwise the first worker that sweeps does. */
  callerStarts?: boolean;
}

export type Admission =
  | { admitted: true; workflowId: string; startNow: boolean; replaced: ClosedRun[] }
  | { admitted: false; outcome: 'already_running' | 'max_runs' | 'disabled' | 'duplicate'; detail: string };

interface Standing extends Record<string, unknown> {
  runnable: boolean;
  duplicate: boolean;
  active: number;
  newest: string | null;
}

/**
 * The concurrency decision (engine.md, Modes), in the caller's transaction under the bucket's lock: inserts the run's
 * row as `pending`, replacing what `restart` replaces, or says why not.
 */
export async function admitRun(tx: Executor, request: RunRequest): Promise<Admission> {
  const bucket = { automationId: request.automationId, scopeKey: scopeKeyOf(request.scope, request.contextKey) };
  await lockBucket(tx, bucket);
  const standing = await tx.execute<Standing>(sql`
    select a.deleted_at is null and (a.status = 'enabled' or ${request.evenIfDisabled ?? false}) as runnable,
      ${request.changeId}::uuid is not null and exists (select 1 from runs where automation_id = ${request.automationId}
        and trigger_id = ${request.triggerId} and change_id = ${request.changeId}) as duplicate,
      (select count(*)::int from runs where ${inScope(bucket)} and status in ${ACTIVE}) as active,
      (select max(id::text) from runs where ${inScope(bucket)} and status in ${ACTIVE}) as newest
    from automations a where a.id = ${request.automationId}`);
  const { runnable = false, duplicate = false, active = 0, newest = null } = standing.rows[0] ?? {};
  if (!runnable) return { admitted: false, outcome: 'disabled', detail: 'The automation is disabled or deleted.' };
  if (duplicate) return { admitted: false, outcome: 'duplicate', detail: 'This change already made a run.' };
  const refusal = refusalOf(request, active, newest);
  if (refusal) return refusal;

  const replaced =
    request.mode === 'restart' && active > 0
      ? await closeRuns(tx, inScope(bucket), replacedBy(request.id), 'terminate')
      : [];
  const startNow = request.mode !== 'queued' || active === 0;
  const workflowId = runWorkflowId(request.mode, bucket, request.id);
  await insertRun(tx, request, bucket.scopeKey, workflowId, startNow);
  return { admitted: true, workflowId, startNow, replaced };
}

const replacedBy = (runId: string) => ({ kind: 'replaced', runId, reason: `replaced by ${runId}` });

function refusalOf({ mode, maxRuns }: RunRequest, active: number, newest: string | null): Admission | null {
  switch (mode) {
    case 'single':
      return active === 0
        ? null
        : { admitted: false, outcome: 'already_running', detail: `Run ${newest ?? ''} is still active.` };
    case 'restart':
      return null;
    case 'queued':
    case 'parallel':
      return active < maxRuns
        ? null
        : { admitted: false, outcome: 'max_runs', detail: `${active} of at most ${maxRuns} runs are active.` };
    default:
      return assertNever(mode);
  }
}

async function insertRun(
  tx: Executor,
  request: RunRequest,
  scopeKey: string,
  workflowId: string,
  startNow: boolean,
): Promise<void> {
  const start = startNow ? sql`clock_timestamp()` : sql`null`;
  const attempted = startNow && request.callerStarts ? sql`clock_timestamp()` : sql`null`;
  await tx.execute(sql`
    insert into runs (id, automation_id, version, scope_key, mode, status, trigger_id, trigger_event, change_id,
      context_key, trigger_scope, variables, parent_run_id, root_run_id, caused_by, depth, workflow_id,
      start_at, start_attempted_at, created_at)
    values (${request.id}, ${request.automationId}, ${request.version}, ${scopeKey}, ${request.mode}, 'pending',
      ${request.triggerId}, ${request.triggerEvent}, ${request.changeId}, ${request.contextKey},
      ${JSON.stringify(request.trigger)}::jsonb, ${JSON.stringify(request.variables)}::jsonb,
      ${request.parentRunId ?? null}, ${request.rootRunId ?? request.id}, ${request.causedBy}, ${request.depth},
      ${workflowId}, ${start}, ${attempted}, clock_timestamp())`);
}
