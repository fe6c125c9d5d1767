import { sql, type SQL } from 'drizzle-orm';
import type { EndedBy, RunError, StepRecord } from '../../domain/run/step-record';
import type { Executor } from '../executor';
import type { RunStatus } from '../tables/runs';
import { ACTIVE, inScope, lockBucket, type Bucket } from './bucket';
import { pendingColumns, type PendingRow } from './claim';
import type { OpenRun } from './open-runs';
import type { RunRequest } from './run-request';
import { endedRow, stepEndParts, writeJournal, type StepEnd } from './step-states';
import { removalParts } from './wait-states';

/*
 * The life of a run's row (`RunStatus`): pending, running, waiting, and then success, failed or cancelled, which are
 * final. A run whose execution vanished becomes pending again (only once), so that its `on_failure` can be performed.
 * Some statements move other rows too:
 * - Every statement that ends a run also cancels its open steps and deletes its waits and sealed secrets. `finishRun`
 *   and `endLastStep` also let the next run of its bucket start.
 * - `endLastStep` ends the last step and the run.
 * - `claimRun` and `claimAndBegin` set a pending run to running (`claim.ts`).
 * - Beginning a step sets a waiting run back to running, and ending a step beside others may set the run to waiting.
 *   Both are parts of statements in `step-states.ts`.
 */

/** A row of `runs` to insert. */
export interface RunInsert {
  request: RunRequest;
  scopeKey: string;
  workflowId: string;
  /** False if the run is queued after another run, or was replaced within the same batch. */
  startNow: boolean;
  /** Set when a later request of the same batch replaced this run: its row is inserted as `cancelled`. */
  endedBy: Record<string, unknown> | null;
}

/**
 * Inserts rows of runs in one statement and assigns `seq` in the given order. Returns the rows, by id, of runs that their
 * callers start.
 */
export async function insertRuns(tx: Executor, rows: readonly RunInsert[]): Promise<Map<string, PendingRow>> {
  if (rows.length === 0) return new Map();
  const inserted = await tx.execute<PendingRow & { id: string; attempted: boolean }>(sql`
    insert into runs (id, automation_id, version, scope_key, mode, status, trigger_id, trigger_event, change_id,
      context_key, trigger_scope, variables, parent_run_id, root_run_id, caused_by, depth, workflow_id,
      start_at, start_attempted_at, created_at, finished_at, ended_by)
    select id, automation_id, version, scope_key, mode, case when ended_by is null then 'pending' else 'cancelled' end,
      trigger_id, trigger_event, change_id, context_key, trigger_scope, variables, parent_run_id, root_run_id, caused_by,
      depth, workflow_id, case when start_now then clock_timestamp() end,
      case when attempted then clock_timestamp() end, clock_timestamp(),
      case when ended_by is not null then clock_timestamp() end, ended_by
    from jsonb_to_recordset(${JSON.stringify(rows.map(toRecord))}::jsonb) as r(ord int, id uuid, automation_id uuid,
      version int, scope_key text, mode text, trigger_id text, trigger_event text, change_id uuid, context_key text,
      trigger_scope jsonb, variables jsonb, parent_run_id uuid, root_run_id uuid, caused_by uuid, depth int,
      workflow_id text, start_now boolean, attempted boolean, ended_by jsonb)
    order by ord
    returning id, start_attempted_at is not null as attempted,
      ${pendingColumns('runs', sql`start_attempted_at is not null`)}`);
  return new Map(inserted.rows.filter(({ attempted }) => attempted).map((row) => [row.id, row]));
}

function toRecord({ request, scopeKey, workflowId, startNow, endedBy }: RunInsert, ord: number) {
  return {
    ...{ ord, id: request.id, automation_id: request.automationId, version: request.version, scope_key: scopeKey },
    ...{ mode: request.mode, trigger_id: request.triggerId, trigger_event: request.triggerEvent },
    ...{ change_id: request.changeId, context_key: request.contextKey },
    ...{ trigger_scope: request.trigger, variables: request.variables },
    ...{ parent_run_id: request.parentRunId ?? null, root_run_id: request.rootRunId ?? request.id },
    ...{ caused_by: request.causedBy, depth: request.depth, workflow_id: workflowId, start_now: startNow },
    ...{ attempted: startNow && (request.callerStarts ?? false), ended_by: endedBy },
  };
}

/** Returns the first queued run of a bucket, by order of admission. */
function headOf({ automationId, scopeKey }: Bucket): SQL {
  return sql`(
    select id from runs
    where automation_id = ${automationId} and scope_key = ${scopeKey} and status = 'pending' and start_at is null
    order by seq limit 1)`;
}

/**
 * Returns the SQL condition that no active run of the bucket has started or may start. `except` is the id of a run that
 * is ignored because it ends in the same statement. The condition refers to the queued run `head`, so that Postgres
 * evaluates it only if there is one.
 */
function noneActive(bucket: Bucket, except: string | null = null): SQL {
  return sql`not exists (
    select 1 from runs
    where ${inScope(bucket)} and status in ${ACTIVE} and start_at is not null and id is distinct from ${except}::uuid
      and id <> head.id)`;
}

/**
 * Lets the first queued run of a bucket start if no active run precedes it. The caller holds the bucket's lock. Returns
 * the id of the run that may start now, or null.
 */
export async function promoteNext(tx: Executor, bucket: Bucket): Promise<string | null> {
  const result = await tx.execute<{ id: string }>(sql`
    update runs head set start_at = clock_timestamp() where id = ${headOf(bucket)} and ${noneActive(bucket)}
    returning id`);
  return result.rows[0]?.id ?? null;
}

/** Marks a run as waiting for a timer or an event. The next step that begins sets it back to running. */
export async function setWaiting(tx: Executor, runId: string): Promise<void> {
  await tx.execute(
    sql`update runs set status = 'waiting', seq = nextval('change_seq') where id = ${runId} and status = 'running'`,
  );
}

/** Stores the failure of a run that stays open for its `on_failure`. Returns false when the run has ended. */
export async function noteRunFailed(
  tx: Executor,
  failure: { runId: string; endedBy?: EndedBy; error: RunError; journal: readonly StepRecord[] },
): Promise<boolean> {
  await writeJournal(tx, failure.runId, failure.journal);
  const endedBy = failure.endedBy === undefined ? null : JSON.stringify(failure.endedBy);
  const noted = await tx.execute(sql`
    update runs set error = ${JSON.stringify(failure.error)}::jsonb, ended_by = ${endedBy}::jsonb, seq = nextval('change_seq')
    where id = ${failure.runId} and status in ('running', 'waiting')`);
  return noted.rowCount === 1;
}

/** How a run ends. */
export interface RunEnd {
  runId: string;
  status: Exclude<RunStatus, 'pending' | 'running' | 'waiting'>;
  endedBy?: EndedBy;
  error?: RunError;
  journal: readonly StepRecord[];
}

/** The result of ending a run; `ended` is false when the run had ended before. */
export interface RunEnded {
  ended: boolean;
  /** Id of the queued run of the same bucket that may start now, or null. */
  next: string | null;
}

/**
 * Ends a run in the caller's transaction: writes the last records of its steps, ends the run's row and the steps that
 * are still open, and lets the next queued run of the bucket start.
 */
export async function finishRun(
  tx: Executor,
  bucket: Bucket,
  end: RunEnd,
  /**
   * `unlocked` does not take the bucket's lock. It may miss a run that is queued at the same moment (for example after
   * the mode was changed); the sweep lets that run start a second later.
   */
  lock: 'lock' | 'unlocked' = 'lock',
): Promise<RunEnded> {
  if (lock === 'lock') await lockBucket(tx, bucket);
  await writeJournal(tx, end.runId, end.journal);
  const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
  const result = await tx.execute<RunEnded & Record<string, unknown>>(sql`
    with ended as (
      update runs set status = ${end.status}, finished_at = clock_timestamp(), seq = nextval('change_seq'),
        ended_by = ${json(end.endedBy)}::jsonb, error = ${json(end.error)}::jsonb
      where id = ${end.runId} and status in ('pending', 'running', 'waiting')
      returning id),
    ${runEndParts(bucket, end.runId)}
    select exists (select 1 from ended) as ended, (select id from next) as next`);
  return result.rows[0] ?? { ended: false, next: null };
}

/**
 * Ends the last step of a run successfully, and the run with it, in one statement. This saves a commit compared with
 * `endStep` and `finishRun`. The run ends only if the step ends, so that a late attempt changes nothing. Like
 * `finishRun` with `unlocked`, it does not take the bucket's lock.
 */
export async function endLastStep(tx: Executor, end: StepEnd, bucket: Bucket): Promise<RunEnded> {
  const result = await tx.execute<RunEnded & Record<string, unknown>>(sql`
    with ${stepEndParts(end, sql`for no key update`)},
    step as (${endedRow(end)} returning run_id),
    ended as (
      update runs set status = 'success', finished_at = clock_timestamp(), seq = nextval('change_seq'), ended_by = null,
        error = null
      where id in (select run_id from step) and status in ('running', 'waiting')
      returning id),
    ${runEndParts(bucket, end.runId, sql`path <> ${end.path}`)}
    select exists (select 1 from ended) as ended, (select id from next) as next`);
  return result.rows[0] ?? { ended: false, next: null };
}

/**
 * Returns the remaining parts of a statement whose part `ended` ends a run: they delete the run's waits and secrets,
 * cancel its open steps, and let the first queued run of its bucket start.
 */
const runEndParts = (bucket: Bucket, runId: string, openSteps: SQL = sql`true`): SQL => sql`
    ${removalParts(sql`select id from ended`)},
    steps as (
      update run_steps set status = 'cancelled', finished_at = clock_timestamp(), seq = nextval('change_seq')
      where run_id in (select id from ended) and status in ('pending', 'running', 'waiting') and ${openSteps}),
    next as (
      update runs head set start_at = clock_timestamp()
      where id = ${headOf(bucket)} and exists (select 1 from ended) and ${noneActive(bucket, runId)}
      returning id)`;

/** An execution that still has to be closed in Temporal. */
export interface ClosedRun {
  runId: string;
  workflowId: string;
  /** null when the run was never claimed. An execution may still exist; its memo contains the run id. */
  executionRunId: string | null;
}

/**
 * Ends runs as `cancelled`, together with their open steps, waits and sealed secrets, in the caller's transaction. None
 * of their steps is accepted after the commit. `how` is the request that is later sent to Temporal: `cancel` lets the
 * execution end and aborts its requests; `terminate` frees the workflow id at once. Returns the runs that may have an
 * execution.
 */
export async function closeRuns(
  tx: Executor,
  which: SQL,
  endedBy: Record<string, unknown>,
  how: 'cancel' | 'terminate',
): Promise<ClosedRun[]> {
  // The rows are locked in the order of ids, so that two calls with the same runs cannot deadlock. They are locked in a
  // separate statement. The snapshot of the next statement is therefore taken after the locks, and contains the waits
  // and secrets that steps wrote while they held the rows.
  const locked = await tx.execute<{ id: string }>(sql`
    select id from runs where ${which} and status in ('pending', 'running', 'waiting') order by id for update`);
  if (locked.rows.length === 0) return [];
  const ids = sql`${`{${locked.rows.map(({ id }) => id).join(',')}}`}::uuid[]`;
  const result = await tx.execute<{
    id: string;
    workflow_id: string;
    execution_run_id: string | null;
    attempted: boolean;
  }>(sql`
    with closed as (
      update runs set status = 'cancelled', finished_at = clock_timestamp(), ended_by = ${JSON.stringify(endedBy)}::jsonb,
        close_requested = case when start_attempted_at is null then null else ${how} end, seq = nextval('change_seq')
      where id = any(${ids}) and status in ('pending', 'running', 'waiting')
      returning id, workflow_id, execution_run_id, start_attempted_at is not null as attempted),
    ${removalParts(sql`select id from closed`)},
    steps as (
      update run_steps set status = 'cancelled', finished_at = clock_timestamp(), seq = nextval('change_seq')
      where run_id in (select id from closed) and status in ('pending', 'running', 'waiting'))
    select id, workflow_id, execution_run_id, attempted from closed`);
  return result.rows
    .filter((row) => row.attempted)
    .map((row) => ({ runId: row.id, workflowId: row.workflow_id, executionRunId: row.execution_run_id }));
}

/**
 * Cancels a run and lets the next queued run of the bucket start. For a pending run, it is enough to end its row. A
 * started run also has an execution, which a worker cancels later: the caller wakes the worker with `notifier.starts()`
 * after the commit. Returns the id of the run's automation, or null when the run had already ended or does not exist.
 */
export async function cancelRun(tx: Executor, runId: string, endedBy: Record<string, unknown>): Promise<string | null> {
  const found = await tx.execute<{ automation_id: string; scope_key: string; status: string }>(
    sql`select automation_id, scope_key, status from runs where id = ${runId}`,
  );
  const row = found.rows[0];
  if (!row || !['pending', 'running', 'waiting'].includes(row.status)) return null;
  const bucket = { automationId: row.automation_id, scopeKey: row.scope_key };
  await lockBucket(tx, bucket);
  // The status is read again under the lock of the bucket, because the run may have ended in between. As everywhere
  // else, this lock is taken before the lock of the row.
  const before = await tx.execute<{ status: string }>(sql`select status from runs where id = ${runId} for update`);
  if (!['pending', 'running', 'waiting'].includes(before.rows[0]?.status ?? '')) return null;
  await closeRuns(tx, sql`id = ${runId}`, endedBy, 'cancel');
  await promoteNext(tx, bucket);
  return row.automation_id;
}

/**
 * Cancels all active runs of an automation, for example when the automation is deleted. Returns how many runs were
 * active.
 */
export async function cancelRunsOf(
  tx: Executor,
  automationId: string,
  endedBy: Record<string, unknown>,
): Promise<number> {
  await lockBucket(tx, { automationId, scopeKey: 'all' });
  const active = await tx.execute(
    sql`select 1 from runs where automation_id = ${automationId} and status in ('pending', 'running', 'waiting')`,
  );
  await closeRuns(tx, sql`automation_id = ${automationId}`, endedBy, 'cancel');
  return active.rowCount ?? 0;
}

/** How to end a run whose execution was closed or has vanished. */
export interface LostEnd extends Pick<RunEnd, 'status' | 'endedBy' | 'error'> {
  /** Whether the execution vanished before it ended. A new execution must then still perform `on_failure`. */
  vanished?: boolean;
}

/**
 * Ends the row of a run whose execution was closed or no longer exists, and lets the next queued run start. If the
 * execution vanished and the run has an `on_failure`, the run becomes pending again instead (`reopened`), and its next
 * execution performs the `on_failure`. Returns null when the row has already ended or belongs to another execution.
 */
export async function endLostRun(
  tx: Executor,
  run: Pick<OpenRun, 'id' | 'automationId' | 'scopeKey'> & { executionRunId: string | null },
  { vanished = false, ...end }: LostEnd,
): Promise<'ended' | 'reopened' | null> {
  await lockBucket(tx, run);
  // The row is locked in a separate statement, so that the snapshot of the statement that ends the run contains the
  // writes of its last step (see `closeRuns`).
  const locked = await tx.execute(sql`
    select 1 from runs where id = ${run.id} and execution_run_id is not distinct from ${run.executionRunId} for update`);
  if (locked.rows.length === 0) return null;
  if (vanished && end.error !== undefined && (await reopenForFailure(tx, run.id, end.error))) return 'reopened';
  const { ended } = await finishRun(tx, run, { runId: run.id, journal: [], ...end });
  return ended ? 'ended' : null;
}

/**
 * Makes a failed run pending again and stores its error, so that a new execution performs its `on_failure`. Returns
 * false when the run has no `on_failure`, has already failed, or has ended.
 */
async function reopenForFailure(tx: Executor, runId: string, error: RunError): Promise<boolean> {
  const reopened = await tx.execute(sql`
    with reopened as (
      update runs r set status = 'pending', start_at = clock_timestamp(), start_attempted_at = null,
        execution_run_id = null, error = ${JSON.stringify(error)}::jsonb, seq = nextval('change_seq')
      where r.id = ${runId} and r.status in ('running', 'waiting') and r.error is null and exists (
        select 1 from automation_versions v where v.automation_id = r.automation_id and v.version = r.version
          and jsonb_path_exists(v.definition, '$.on_failure[*]'))
      returning r.id),
    waits_gone as (delete from waits where run_id in (select id from reopened)),
    steps as (
      update run_steps set status = 'cancelled', finished_at = clock_timestamp(), seq = nextval('change_seq')
      where run_id in (select id from reopened) and status in ('pending', 'running', 'waiting'))
    select id from reopened`);
  return reopened.rows.length > 0;
}

/**
 * Ends a run whose execution closed without claiming it, because no other execution will claim it. Returns false when
 * the run is not pending.
 */
export async function endUnclaimedRun(db: Executor, runId: string): Promise<boolean> {
  return db.transaction(async (tx) => {
    const found = await tx.execute<{ automation_id: string; scope_key: string }>(
      sql`select automation_id, scope_key from runs where id = ${runId} and status = 'pending'`,
    );
    const row = found.rows[0];
    if (row === undefined) return false;
    const run = { id: runId, automationId: row.automation_id, scopeKey: row.scope_key, executionRunId: null };
    const ended = await endLostRun(tx, run, {
      status: 'failed',
      error: { code: 'execution_lost', message: 'The execution was closed before it claimed the run.' },
    });
    return ended !== null;
  });
}
