import { sql } from 'drizzle-orm';
import type { Executor } from '../executor';
import { ACTIVE } from './bucket';
import { EVENT_REF, MAX_CHANGED, toWait, WAIT_COLUMNS, type Wait, type WaitRow, type WakeCause } from './wait-row';

/**
 * Returns the waits that these events or changes to these entities may end. Armed waits must not slow down changes that
 * end none of them. Every plan of this query therefore consists of index look-ups, even a plan that was made while
 * there were no waits.
 */
export async function waitsOn(
  db: Executor,
  refs: readonly { kind: string; id: string }[],
  events: readonly string[],
): Promise<Wait[]> {
  const found = await db.execute<WaitRow>(sql`
    select ${WAIT_COLUMNS} from waits w where w.id = any(array(
      select r.wait_id from jsonb_to_recordset(${JSON.stringify(refs)}::jsonb) as c(kind text, id text)
      cross join lateral (
        select wait_id from wait_refs where kind = c.kind and entity_id = any(array[c.id, '*']) offset 0) as r
      union select r.wait_id from wait_refs r
      where r.kind = ${EVENT_REF} and r.entity_id = any(array(select jsonb_array_elements_text(${JSON.stringify(events)}::jsonb)))
      union select e.id from waits e
      where e.event = any(array(select jsonb_array_elements_text(${JSON.stringify(events)}::jsonb)))))
    order by id`);
  return found.rows.map(toWait);
}

/** Returns the given events for which some wait is armed. */
export async function awaitedAmong(db: Executor, events: readonly string[]): Promise<string[]> {
  const found = await db.execute<{ event: string }>(sql`
    select e as event from jsonb_array_elements_text(${JSON.stringify(events)}::jsonb) as e
    where exists (select 1 from waits w where w.event = e)
      or exists (select 1 from wait_refs r where r.kind = ${EVENT_REF} and r.entity_id = e)`);
  return found.rows.map(({ event }) => event);
}

/** Returns up to `MAX_CHANGED` entities of these kinds that changed after a log position. */
export async function changedAfter(
  db: Executor,
  seq: number,
  kinds: readonly string[],
): Promise<{ kind: string; id: string }[]> {
  const found = await db.execute<{ kind: string; entity_id: string }>(sql`
    select distinct kind, entity_id from changes
    where seq > ${seq} and kind = any(array(select jsonb_array_elements_text(${JSON.stringify(kinds)}::jsonb)))
    limit ${MAX_CHANGED}`);
  return found.rows.map((row) => ({ kind: row.kind, id: row.entity_id }));
}

/** An armed wait and the automation of its run. */
export type ListedWait = Wait & { automationId: string; automationName: string };

/** Returns armed waits with ids below `before`, from newest to oldest. */
export async function listWaits(
  db: Executor,
  page: {
    limit: number;
    before: string | undefined;
    runId: string | undefined;
    automationId: string | undefined;
  },
): Promise<ListedWait[]> {
  const below = page.before === undefined ? sql`` : sql`and id < ${page.before}::uuid`;
  const only = page.runId === undefined ? sql`` : sql`and run_id = ${page.runId}::uuid`;
  // Only open runs have waits, and there are far fewer of them than runs.
  const ofAutomation =
    page.automationId === undefined
      ? sql``
      : sql`and run_id in (select id from runs where automation_id = ${page.automationId}::uuid and status in ${ACTIVE})`;
  const found = await db.execute<WaitRow & { automation_id: string; automation_name: string }>(sql`
    select ${WAIT_COLUMNS}, automation_id, automation_name from waits cross join lateral (
      select r.automation_id, a.name as automation_name from runs r join automations a on a.id = r.automation_id
      where r.id = run_id) as of_run
    where true ${below} ${only} ${ofAutomation} order by id desc limit ${page.limit}`);
  return found.rows.map((row) => {
    return { ...toWait(row), automationId: row.automation_id, automationName: row.automation_name };
  });
}

/** A wait whose execution has not answered its wake. */
export interface UnansweredWake {
  id: string;
  runId: string;
  path: string;
  workflowId: string;
  wokenBy: WakeCause;
}

/**
 * Seconds after arming during which an unanswered wake is not reported, because it may not have reached the wait yet.
 */
const SETTLED_SECONDS = 60;

/** Returns waits of open runs whose wakes were sent but not answered. */
export async function unansweredWakes(db: Executor, limit: number): Promise<UnansweredWake[]> {
  const found = await db.execute<{
    id: string;
    run_id: string;
    path: string;
    workflow_id: string;
    woken_by: WakeCause;
  }>(sql`
    select w.id, w.run_id, w.path, r.workflow_id, w.woken_by from waits w join runs r on r.id = w.run_id
    where w.woken_by is not null and w.signalled_at is not null and r.status in ('running', 'waiting')
      and w.since < clock_timestamp() - make_interval(secs => ${SETTLED_SECONDS})
    order by w.id limit ${limit}`);
  return found.rows.map((row) => ({
    id: row.id,
    runId: row.run_id,
    path: row.path,
    workflowId: row.workflow_id,
    wokenBy: row.woken_by,
  }));
}

/** Returns whether the wake is still unanswered, i.e. the wait has not been evaluated since the wake was read. */
export async function isStillWoken(db: Executor, { id, wokenBy }: UnansweredWake): Promise<boolean> {
  const found = await db.execute(sql`
    select 1 from waits where id = ${id} and woken_by = ${JSON.stringify(wokenBy)}::jsonb`);
  return found.rows.length > 0;
}
