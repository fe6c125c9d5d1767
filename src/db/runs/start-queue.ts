import { sql, type SQL } from 'drizzle-orm';
import { nameOfFirstStretch } from '../../domain/run/activity-names';
import { hasElapsed } from '../elapsed';
import type { Executor } from '../executor';
import { pendingColumns, type PendingRow } from './claim';
import type { ClosedRun } from './run-states';
import { bucketStalled } from './stalled-buckets';

/** A run whose execution must be started, and the data about it that Temporal shows. */
export interface StartableRun {
  id: string;
  automationId: string;
  automationName: string;
  automationGroup: string | null;
  version: number;
  mode: string;
  triggerId: string | null;
  triggerEvent: string | null;
  contextKey: string | null;
  workflowId: string;
  /** Name of the run's first activity in Temporal; undefined when the run has none, or performs `on_failure`. */
  firstStretch: string | undefined;
  /** Whether the run lost its execution. The new execution performs `on_failure` under the same workflow id. */
  wasLost: boolean;
  /** Columns with which the first step can claim the run (`claimAndBegin`). Not set for every run. */
  row?: PendingRow | undefined;
}

/** Seconds between two attempts to start an unclaimed run. */
const START_AGAIN_SECONDS = 5;

interface Row extends PendingRow {
  id: string;
  automation_id: string;
  name: string;
  group: string | null;
  version: number;
  mode: string;
  trigger_id: string | null;
  trigger_event: string | null;
  context_key: string | null;
  workflow_id: string;
  was_lost: boolean;
  actions: object[] | null;
  waiting: string[];
}

/** SQL condition: some runs have to be started. */
export const runsToStart = sql`exists (
  select 1 from runs where status = 'pending' and start_at is not null and (start_attempted_at is null
    or ${hasElapsed(sql`start_attempted_at`, START_AGAIN_SECONDS)}))`;

/** SQL condition: some executions have to be closed, or the next run of some bucket has not been started. */
export const runsToEnd = sql`(exists (select 1 from runs where close_requested is not null) or ${bucketStalled})`;

/**
 * Takes pending runs to start. It takes turns between automations, and follows the order of admission within each
 * automation, so that an automation with thousands of runs does not delay the others. Other workers do not take these
 * runs for a few seconds. Returns the runs, and the automations that had pending runs (none when no run is taken).
 * @param order.served automations that have had their turn, the most recent last; they follow all others, even when
 * `limit` is 1
 * @param order.each maximum number of runs per automation
 * @param order.full automations from which no run is taken
 */
export async function takeStartable(
  db: Executor,
  limit: number,
  { served, full, each }: { served: readonly string[]; full: readonly string[]; each: number },
): Promise<{ runs: StartableRun[]; waiting: Set<string> }> {
  const uuids = (ids: readonly string[]) => sql`${`{${ids.join(',')}}`}::uuid[]`;
  const turnOf = sql`array_position(${uuids(served)}, a.id)`;
  const waits = (run: SQL) => sql`${run}.status = 'pending' and ${run}.start_at is not null`;
  const free = (run: SQL) => sql`${waits(run)} and (${run}.start_attempted_at is null
    or ${hasElapsed(sql`${run}.start_attempted_at`, START_AGAIN_SECONDS)})`;
  const r = sql.raw('r');
  const result = await db.execute<Row>(sql`
    with recursive automation as (
      (select r.automation_id as id from runs r where ${waits(r)} order by r.automation_id limit 1)
      union all
      select (select r.automation_id from runs r where ${waits(r)} and r.automation_id > a.id
        order by r.automation_id limit 1) from automation a where a.id is not null),
    picked as (
      select p.id, row_number() over (order by p.turn, ${turnOf} nulls first, p.seq) as place
      from automation a cross join lateral (
        select r.id, r.seq, row_number() over (order by r.seq) as turn from runs r
        where r.automation_id = a.id and ${free(r)} order by r.seq limit ${Math.min(limit, each)}) p
      where a.id is not null and a.id <> all(${uuids(full)}) order by p.turn, ${turnOf} nulls first, p.seq limit ${limit}),
    taken as (
      update runs u set start_attempted_at = clock_timestamp() where u.id in (
        select r.id from runs r where r.id in (select id from picked) and ${free(r)} for update skip locked)
      returning u.id, u.automation_id, u.version, u.mode, u.trigger_id, u.trigger_event, u.context_key, u.workflow_id,
        u.error is not null as was_lost, ${pendingColumns('u')})
    select taken.id, taken.automation_id, taken.version, taken.mode, taken.trigger_id, taken.trigger_event,
      taken.context_key, taken.workflow_id, taken.was_lost, taken.scope_key, taken.root_run_id, taken.depth,
      taken.created_at, taken.variables, taken.trigger_scope, taken.bytes, a.name, a."group", (
        select v.definition -> 'actions' from automation_versions v
        where v.automation_id = taken.automation_id and v.version = taken.version) as actions,
      (select coalesce(jsonb_agg(automation.id), '[]') from automation where automation.id is not null) as waiting
    from taken join picked using (id) join automations a on a.id = taken.automation_id
    order by picked.place`);
  const runs = result.rows.map((row) => ({
    id: row.id,
    automationId: row.automation_id,
    automationName: row.name,
    automationGroup: row.group,
    version: row.version,
    mode: row.mode,
    triggerId: row.trigger_id,
    triggerEvent: row.trigger_event,
    contextKey: row.context_key,
    workflowId: row.workflow_id,
    firstStretch: row.was_lost ? undefined : nameOfFirstStretch(row.actions ?? []),
    wasLost: row.was_lost,
    row,
  }));
  return { runs, waiting: new Set(result.rows[0]?.waiting) };
}

/** Seconds that a started execution has to claim its run before the start is repeated. */
const CLAIM_SECONDS = 15;

/**
 * Records that a run's execution was started. The start is repeated only if the run is not claimed within
 * `CLAIM_SECONDS`.
 */
export async function noteStarted(db: Executor, runId: string): Promise<void> {
  await db.execute(sql`
    update runs set start_attempted_at = clock_timestamp() + make_interval(secs => ${CLAIM_SECONDS - START_AGAIN_SECONDS})
    where id = ${runId} and status = 'pending'`);
}

/** Prevents other workers from taking runs that this worker is still starting. */
export async function renewAttempts(db: Executor, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await db.execute(sql`
    update runs set start_attempted_at = clock_timestamp()
    where id = any(${`{${ids.join(',')}}`}::uuid[]) and status = 'pending'`);
}

/** Makes runs that could not be started available to all workers again without delay. */
export async function putBackStartable(db: Executor, ids: readonly string[]): Promise<void> {
  await db.execute(sql`
    update runs set start_attempted_at = clock_timestamp() - make_interval(secs => ${START_AGAIN_SECONDS})
    where id = any(${`{${ids.join(',')}}`}::uuid[]) and status = 'pending'`);
}

/** Returns runs that have ended in their rows but may still have an open execution. */
export async function closingRuns(
  db: Executor,
  limit: number,
): Promise<(ClosedRun & { how: 'cancel' | 'terminate' })[]> {
  const result = await db.execute<{
    id: string;
    workflow_id: string;
    execution_run_id: string | null;
    close_requested: 'cancel' | 'terminate';
  }>(sql`
    select id, workflow_id, execution_run_id, close_requested from runs
    where close_requested is not null order by id limit ${limit}`);
  return result.rows.map((row) => ({
    runId: row.id,
    workflowId: row.workflow_id,
    executionRunId: row.execution_run_id,
    how: row.close_requested,
  }));
}

/** Records that Temporal has received the request to close the execution of a run. */
export async function markClosed(db: Executor, runId: string): Promise<void> {
  await db.execute(sql`update runs set close_requested = null where id = ${runId}`);
}

/** Changes the workflow id of a pending run. Returns false when the run is no longer pending. */
export async function moveRun(db: Executor, runId: string, workflowId: string): Promise<boolean> {
  const moved = await db.execute(
    sql`update runs set workflow_id = ${workflowId} where id = ${runId} and status = 'pending'`,
  );
  return moved.rowCount === 1;
}

interface RunStanding {
  status: string;
  createdAt: Date;
  /** Seconds since the run ended, by the database's clock; 0 while it is open. */
  endedSecondsAgo: number;
}

/** Returns the status and the times of a run, or null when the run has no row. */
export async function runStanding(db: Executor, runId: string): Promise<RunStanding | null> {
  const result = await db.execute<{ status: string; created_at: string; ended_seconds: number | null }>(sql`
    select status, created_at, extract(epoch from clock_timestamp() - finished_at)::float8 as ended_seconds
    from runs where id = ${runId}`);
  const row = result.rows[0];
  return row
    ? { status: row.status, createdAt: new Date(row.created_at), endedSecondsAgo: row.ended_seconds ?? 0 }
    : null;
}
