import { sql } from 'drizzle-orm';
import type { Executor } from './executor';

/** A worker process that is live, or that stopped within the last 10 minutes. */
export interface WorkerRow extends Record<string, unknown> {
  id: string;
  host: string;
  pid: number;
  /** The worker's release; null if the worker does not announce it. */
  version: string | null;
  /** How the worker enforces script limits; null if its release does not announce this. */
  scriptLimits: 'cgroup' | 'rlimit' | null;
  startedAt: Date;
  live: boolean;
  /** Number of partitions of the change log that the worker routes. */
  partitions: number;
}

/** Returns up to 200 workers. Live workers come first. */
export async function listWorkers(db: Executor): Promise<WorkerRow[]> {
  const result = await db.execute<Omit<WorkerRow, 'startedAt'> & { startedAt: string }>(sql`
    select w.id, w.host, w.pid, w.version, w.script_limits as "scriptLimits", w.started_at as "startedAt", w.expires_at >= clock_timestamp() as live,
      (select count(*)::int from partition_leases l where l.owner = w.id and l.expires_at >= clock_timestamp())
        as partitions
    from workers w order by live desc, w.started_at desc, w.id limit 200`);
  return result.rows.map((row) => ({ ...row, startedAt: new Date(row.startedAt) }) as WorkerRow);
}
