import { sql } from 'drizzle-orm';
import { awaitedEventsIn } from '../../domain/definition/filters-lacking';
import { unknownFilters } from '../../domain/definition/unknown-filters';
import { standardFilters } from '../../domain/expressions/filter-registry';
import { actionName, filterName, triggerName } from '../../domain/registry/knowledge';
import type { Executor } from '../executor';
import { knownByWorkers } from '../worker-announcements';

/** Why a run makes no progress. */
export type StuckCode = 'not_started' | 'workflow_task' | 'definition' | 'no_progress';

/** A run that makes no progress, and the reason. */
export interface StuckRun {
  runId: string;
  code: StuckCode;
  reason: string;
}

/** Seconds after which a run that may start but has not started is reported as stuck. */
const NOT_STARTED_SECONDS = 60;
/** Seconds without progress after which a running run is checked. */
const QUIET_SECONDS = 60;
/** Seconds that a step may take before its run counts as making no progress. */
export const NO_PROGRESS_SECONDS = 900;

/** An open run that may be stuck. */
export interface QuietRun {
  id: string;
  status: 'pending' | 'running' | 'waiting';
  workflowId: string;
  executionRunId: string | null;
  version: number;
  /** Seconds since the run last made progress. */
  quietSeconds: number;
  /** Whether one of its steps is a call in progress. Calls have their own timeouts. */
  isCalling: boolean;
}

/**
 * Returns open runs without progress for a minute: pending runs that may start, running runs, and waiting runs with an
 * unanswered wake.
 */
export async function quietRuns(db: Executor, limit: number): Promise<QuietRun[]> {
  const found = await db.execute<{
    id: string;
    status: QuietRun['status'];
    workflow_id: string;
    execution_run_id: string | null;
    version: number;
    quiet: number;
    calling: boolean;
  }>(sql`
    select q.id, q.status, q.workflow_id, q.execution_run_id, q.version, q.quiet, q.calling from (
      select r.id, r.status, r.workflow_id, r.execution_run_id, r.version,
        extract(epoch from clock_timestamp() - greatest(r.start_at, r.started_at, (
          select max(greatest(s.started_at, s.finished_at)) from run_steps s where s.run_id = r.id)))::float8 as quiet,
        exists (select 1 from run_steps s where s.run_id = r.id and s.status = 'running' and s.kind = 'action') as calling
      from runs r
      where (r.status = 'pending' and r.start_at < clock_timestamp() - make_interval(secs => ${NOT_STARTED_SECONDS}))
        or (r.status = 'running' and r.started_at < clock_timestamp() - make_interval(secs => ${QUIET_SECONDS}))
        or (r.status = 'waiting' and exists (select 1 from waits w where w.run_id = r.id and w.woken_by is not null))) q
    where q.quiet > ${QUIET_SECONDS} order by q.id limit ${limit}`);
  return found.rows.map((row) => ({
    id: row.id,
    status: row.status,
    workflowId: row.workflow_id,
    executionRunId: row.execution_run_id,
    version: row.version,
    quietSeconds: row.quiet,
    isCalling: row.calling,
  }));
}

/**
 * Replaces the stored stuck runs with those found by the latest search. A run that is still stuck keeps its original
 * `since`.
 */
export async function writeStuckRuns(tx: Executor, stuck: readonly StuckRun[]): Promise<void> {
  const records = JSON.stringify(stuck.map(({ runId, code, reason }) => ({ run_id: runId, code, reason })));
  await tx.execute(sql`
    delete from stuck_runs where run_id not in (select r.run_id from jsonb_to_recordset(${records}::jsonb) as r(run_id uuid))`);
  await tx.execute(sql`
    insert into stuck_runs (run_id, code, reason)
    select r.run_id, r.code, r.reason from jsonb_to_recordset(${records}::jsonb) as r(run_id uuid, code text, reason text)
    on conflict (run_id) do update set code = excluded.code, reason = excluded.reason`);
}

/** Returns why an open run makes no progress, or null when no reason is known. */
export async function stuckReason(db: Executor, runId: string): Promise<string | null> {
  const [known, found] = [
    await knownByWorkers(db),
    await db.execute<{ action: string }>(sql`
      select action from run_steps where run_id = ${runId} and status = 'running' and kind = 'action' order by began_seq`),
  ];
  const missing = known && found.rows.find(({ action }) => !known.has(actionName(action)));
  if (missing) return `No worker has action ${missing.action}.`;
  const { filters, triggers } = known === null ? NOTHING : await missingOf(db, runId, known);
  if (filters.length > 0) return `No worker has filter ${filters.join(', ')}.`;
  if (triggers.length > 0) return `No worker has trigger ${triggers.join(', ')}.`;
  const noted = await db.execute<{ reason: string }>(sql`select reason from stuck_runs where run_id = ${runId}`);
  return noted.rows[0]?.reason ?? null;
}

/** Names in the definition of an open run that no live worker provides. */
interface Missing {
  filters: readonly string[];
  /** Events for which it waits. */
  triggers: readonly string[];
}

const NOTHING: Missing = { filters: [], triggers: [] };

/** Returns the filters and awaited events in an open run's definition that no live worker provides. */
async function missingOf(db: Executor, runId: string, known: ReadonlySet<string>): Promise<Missing> {
  const found = await db.execute<{ definition: Record<string, unknown> }>(sql`
    select v.definition from runs r join automation_versions v on v.automation_id = r.automation_id and v.version = r.version
    where r.id = ${runId} and r.status in ('pending', 'running', 'waiting')`);
  const definition = found.rows[0]?.definition ?? {};
  const hasFilter = (name: string) => standardFilters.get(name) !== undefined || known.has(filterName(name));
  return {
    filters: unknownFilters(definition, hasFilter),
    triggers: awaitedEventsIn(definition).filter((event) => !known.has(triggerName(event))),
  };
}

/** Returns stuck runs and the names of their automations, starting with the run that has been stuck longest. */
export async function listStuckRuns(
  db: Executor,
  limit: number,
): Promise<{ runId: string; automationName: string; code: StuckCode; reason: string; since: Date }[]> {
  const found = await db.execute<{ run_id: string; name: string; code: StuckCode; reason: string; since: string }>(sql`
    select s.run_id, a.name, s.code, s.reason, s.since from stuck_runs s join runs r on r.id = s.run_id
      join automations a on a.id = r.automation_id
    where r.status in ('pending', 'running', 'waiting') order by s.since, s.run_id limit ${limit}`);
  return found.rows.map((row) => ({
    runId: row.run_id,
    automationName: row.name,
    code: row.code,
    reason: row.reason,
    since: new Date(row.since),
  }));
}

/** Returns open runs with a running step whose action no live worker provides. */
export async function runsWithoutAction(db: Executor, limit: number): Promise<{ runId: string; action: string }[]> {
  const known = await knownByWorkers(db);
  if (known === null) return [];
  const names = JSON.stringify([...known]);
  const found = await db.execute<{ run_id: string; action: string }>(sql`
    select s.run_id, s.action from run_steps s join runs r on r.id = s.run_id
    where r.status in ('running', 'waiting') and s.status = 'running' and s.kind = 'action'
      and not (${names}::jsonb ? ('action:' || s.action)) order by s.run_id limit ${limit}`);
  return found.rows.map((row) => ({ runId: row.run_id, action: row.action }));
}
