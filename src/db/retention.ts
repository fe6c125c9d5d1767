import { sql, type SQL } from 'drizzle-orm';
import { messageOf } from '../domain/errors';
import type { ArtifactType } from '../domain/registry/registry';
import { dropChangePartitions, dropRoutingPartitions, emptyDefaultPartitions } from './day-partitions';
import type { Database } from './client';
import type { Executor } from './executor';
import { oldAlerts } from './retention-alerts';
import { oldAutomations, oldEndedObjects, oldVersions, removedEntities } from './retention-domains';
import { oldHealthResults, oldRuns, oldTransitions } from './retention-pages';
import type { BatchResult, Retention, RetentionTask } from './retention-task';

const DAY_MS = 86_400_000;
/** Retention of delivery identities and of stored responses. */
const DEDUP_MS = 7 * DAY_MS;
/**
 * Retention of window events, which exceeds the longest window. The window gate removes old events of keys that still
 * receive events.
 */
const WINDOW_EVENTS_MS = 2 * DAY_MS;
/**
 * Retention of dwells whose cause does not hold. While a dwell is stored, a change that precedes its last firing cannot
 * arm it again.
 */
const DWELLS_MS = 7 * DAY_MS;

/** Retention of expired sessions and sign-in links. */
const SESSIONS_MS = DAY_MS;

/** Maximum number of rows that one statement removes, which limits its locks and its duration. */
const BATCH = 2_000;
/**
 * Time limit of one call, in milliseconds. It is below the start-to-close timeout of the activity, so that the last
 * statement has time to complete.
 */
const BUDGET_MS = 240_000;

interface Options {
  /** Milliseconds after which no further batch starts (default 240,000). */
  budgetMs?: number;
  /** Called when the task of one table failed. The other tables are still cleaned up. */
  onError?: (table: string, error: unknown) => void;
}

/**
 * Removes rows that are older than the settings allow, in batches that alternate between the tables, until none are
 * left or the time limit is reached. Returns the number of removed rows by table, and the number of dropped partitions.
 * Throws when the tasks of all tables failed, which means that Postgres is unreachable.
 */
export async function applyRetention(
  database: Database,
  retention: Retention,
  types: readonly ArtifactType[],
  { budgetMs = BUDGET_MS, onError = () => undefined }: Options = {},
): Promise<Record<string, number>> {
  const endsAt = performance.now() + budgetMs;
  const counts: Record<string, number> = {};
  const open = new Map(Object.entries(tasksOf(retention, types, database)));
  let failed = 0;
  for (const name of open.keys()) counts[name] = 0;
  const tables = open.size;
  while (open.size > 0) {
    for (const [name, task] of [...open]) {
      if (performance.now() >= endsAt) return counts;
      try {
        const { removed, more } = await task(database.db, BATCH);
        counts[name] = (counts[name] ?? 0) + removed;
        if (!more) open.delete(name);
      } catch (error) {
        open.delete(name);
        onError(name, error);
        failed += 1;
        if (failed === tables)
          throw new Error(`Retention failed for every table: ${messageOf(error)}`, { cause: error });
      }
    }
  }
  return counts;
}

function tasksOf(
  retention: Retention,
  types: readonly ArtifactType[],
  database: Database,
): Record<string, RetentionTask> {
  const { incidentsMs } = retention;
  return {
    changePartitions: once(() => dropChangePartitions(database, retention.changesMs)),
    routingPartitions: once(() => dropRoutingPartitions(database, retention.routingsMs)),
    defaultPartitions: once(() => emptyDefaultPartitions(database)),
    runs: oldRuns(retention, types),
    runSecrets: secretsOfEndedRuns,
    transitions: oldTransitions(retention.transitionsMs),
    healthResults: oldHealthResults(),
    windowEvents: older(sql`window_events`, sql`occurred_at`, WINDOW_EVENTS_MS),
    dwells: older(sql`dwells`, sql`updated_at`, DWELLS_MS, sql`and status = 'idle'`),
    deliveries: older(sql`dedup_keys`, sql`created_at`, DEDUP_MS),
    idempotencyKeys: older(sql`idempotency_keys`, sql`created_at`, DEDUP_MS),
    automationEvents: older(sql`automation_events`, sql`at`, retention.changesMs),
    sessions: older(sql`sessions`, sql`expires_at`, SESSIONS_MS),
    callProgress: older(sql`call_progress`, sql`updated_at`, retention.runsMs),
    connectionMemory: older(sql`connection_memory`, sql`updated_at`, retention.incidentsMs),
    notifications: older(sql`notifications`, sql`created_at`, retention.notificationsMs),
    versions: oldVersions(retention.versionsMinPerAutomation, retention.runsMs),
    automations: oldAutomations(retention.runsMs),
    incidents: oldEndedObjects('incidents', 'incident', sql`status = 'resolved'`, sql`resolved_at`, incidentsMs),
    maintenances: oldEndedObjects(
      'maintenances',
      'maintenance',
      sql`status in ('completed', 'cancelled')`,
      sql`updated_at`,
      incidentsMs,
    ),
    alerts: oldAlerts(retention.alertsMs),
    alertEpisodes: older(sql`alert_episodes`, sql`ends_at`, retention.alertsMs),
    alertSilences: older(sql`alert_silences`, sql`ends_at`, retention.alertsMs),
    entities: removedEntities(retention.transitionsMs),
  };
}

const once =
  (work: () => Promise<number>): RetentionTask =>
  async () => ({ removed: await work(), more: false });

/**
 * Removes secrets of ended runs. A run's secrets are removed when the run ends, but a suspended attempt may store a
 * secret at that very moment.
 */
async function secretsOfEndedRuns(db: Executor, limit: number): Promise<BatchResult> {
  const { rowCount } = await db.execute(sql`
    delete from run_secrets where ctid = any(array(
      select s.ctid from run_secrets s join runs r on r.id = s.run_id
      where r.status not in ('pending', 'running', 'waiting')
      limit ${limit} for update of s skip locked))`);
  return { removed: rowCount ?? 0, more: rowCount === limit };
}

/**
 * Returns the task that removes rows by age, using the index on `column` if it has one. `also` is an additional
 * condition that the rows must meet.
 */
function older(table: SQL, column: SQL, ms: number, also: SQL = sql``): RetentionTask {
  return async (db, limit) => {
    const { rowCount } = await db.execute(sql`
      delete from ${table} where ctid = any(array(
        select ctid from ${table} where ${column} < clock_timestamp() - make_interval(secs => ${ms / 1000}) ${also}
        limit ${limit} for update skip locked))`);
    return { removed: rowCount ?? 0, more: rowCount === limit };
  };
}
