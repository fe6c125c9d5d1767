import { sql } from 'drizzle-orm';
import type { Executor } from '../executor';
import type { ClosedRun } from './close-runs';

/** A run whose execution must be started, with what Temporal shows of it. */
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
}

/** After so long without a claim a start is tried again. */
const START_AGAIN_SECONDS = 5;

interface Row extends Record<string, unknown> {
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
}

/** Takes pending runs to start, oldest first; a run taken is left alone by others for a few seconds. */
export async function takeStartable(db: Executor, limit: number, onlyIds?: readonly string[]): Promise<StartableRun[]> {
  const only = onlyIds ? sql`and r.id = any(${`{${onlyIds.join(',')}}`}::uuid[])` : sql``;
  const result = await db.execute<Row>(sql`
    with taken as (
      update runs set start_attempted_at = clock_timestamp() where id in (
        select r.id from runs r
        where r.status = 'pending' and r.start_at is not null ${only} and (r.start_attempted_at is null
          or r.start_attempted_at < clock_timestamp() - make_interval(secs => ${START_AGAIN_SECONDS}))
        order by r.seq limit ${limit} for update skip locked)
      returning id, automation_id, version, mode, trigger_id, trigger_event, context_key, workflow_id, seq)
    select taken.id, taken.automation_id, taken.version, taken.mode, taken.trigger_id, taken.trigger_event,
      taken.context_key, taken.workflow_id, a.name, a."group" from taken join automations a on a.id = taken.automation_id order by taken.seq`);
  return result.rows.map((row) => ({
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
  }));
}

/** Lets runs that could not be started be taken again at once. */
export async function putBackStartable(db: Executor, ids: readonly string[]): Promise<void> {
  await db.execute(sql`
    update runs set start_attempted_at = clock_timestamp() - make_interval(secs => ${START_AGAIN_SECONDS})
    where id = any(${`{${ids.join(',')}}`}::uuid[]) and status = 'pending'`);
}

/** Runs that ended by their row and whose execution has not been told. */
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

/** Temporal has been told. */
export async function markClosed(db: Executor, runId: string): Promise<void> {
  await db.execute(sql`update runs set close_requested = null where id = ${runId}`);
}

/** What decides about an execution that holds a workflow id. */
export async function runStanding(
  db: Executor,
  runId: string,
): Promise<{ status: string; seq: number; createdAt: Date } | null> {
  const result = await db.execute<{ status: string; seq: string; created_at: string }>(
    sql`select status, seq, created_at from runs where id = ${runId}`,
  );
  const row = result.rows[0];
  return row ? { status: row.status, seq: Number(row.seq), createdAt: new Date(row.created_at) } : null;
}
