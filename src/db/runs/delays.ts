import { sql } from 'drizzle-orm';
import type { Executor } from '../executor';
import { ACTIVE } from './bucket';

/** Selects delays. */
interface DelayFilter {
  runId?: string | undefined;
  automationId?: string | undefined;
  limit: number;
  /** The run and the path of the last delay of the previous page. */
  after: [runId: string, path: string] | undefined;
}

/** A step of an open run that is in a delay. */
export type Delay = Awaited<ReturnType<typeof listDelays>>[number];

/** Returns steps of open runs that are in a delay, from the newest run to the oldest, in each run by path. */
export async function listDelays(db: Executor, { runId, automationId, limit, after }: DelayFilter) {
  const [lastRun, lastPath] = after ?? [];
  // The open runs have an index and are far fewer than all runs, so they are selected first.
  const found = await db.execute<{
    automation_id: string;
    automation_name: string;
    run_id: string;
    path: string;
    context_key: string | null;
    since: string;
    until: string;
  }>(sql`
    select r.automation_id, a.name as automation_name, r.id as run_id, s.path, r.context_key,
      s.started_at as since, s.result ->> 'until' as until
    from (select id, automation_id, context_key from runs
      where status in ${ACTIVE}
        ${runId === undefined ? sql`` : sql`and id = ${runId}::uuid`}
        ${automationId === undefined ? sql`` : sql`and automation_id = ${automationId}::uuid`}
        ${lastRun === undefined ? sql`` : sql`and id <= ${lastRun}::uuid`}
      offset 0) as r
    join automations a on a.id = r.automation_id join run_steps s on s.run_id = r.id
    where s.kind = 'delay' and s.status = 'waiting' and s.result ->> 'until' is not null
      ${lastRun === undefined ? sql`` : sql`and (r.id < ${lastRun}::uuid or s.path > ${lastPath})`}
    order by r.id desc, s.path limit ${limit}`);
  return found.rows.map((row) => ({
    automationId: row.automation_id,
    automationName: row.automation_name,
    runId: row.run_id,
    path: row.path,
    contextKey: row.context_key,
    since: new Date(row.since),
    until: new Date(row.until),
  }));
}
