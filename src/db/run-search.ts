import { sql, type SQL } from 'drizzle-orm';
import { z } from 'zod';
import { belowPosition, newestFirst, whereRuns, type RunFilter, type RunPosition } from './run-filter';
import { RUN_STATUSES, runs, type RunStatus } from './tables/runs';
import type { Executor } from './executor';

/**
 * Maximum number of runs whose context keys and events are compared with the search text. These are the newest runs
 * that match the other filters. A substring index would make every run more expensive.
 */
export const SEARCHED_RUNS = 20_000;
/** Maximum number of runs that are counted per status. */
export const COUNTED_RUNS = 10_000;
/** Maximum number of automations that are found by name. */
const MAX_NAMED = 500;

const ENDED = ['success', 'failed', 'cancelled'] as const satisfies readonly RunStatus[];
const OPEN = ['pending', 'running', 'waiting'] as const satisfies readonly RunStatus[];
type Columns = readonly ('created_at' | 'id' | 'status' | 'context_key' | 'trigger_event' | 'custom_type')[];
/** The columns by which runs are ordered. */
const POSITION: Columns = ['created_at', 'id'];
const POSITION_STATUS: Columns = [...POSITION, 'status'];
/** The columns that are compared with the search text. */
const COMPARED: Columns = [...POSITION_STATUS, 'context_key', 'trigger_event', 'custom_type'];

/** SQL expression for the type of the custom event that started a row of `runs`; null for all other events. */
export const CUSTOM_TYPE = sql.raw(
  `case when runs.trigger_event = 'automation.event' then runs.trigger_scope #>> '{payload,type}' end`,
);

const of = (table: string, columns: Columns) => sql.raw(columns.map((name) => `${table}.${name}`).join(', '));
/** Returns columns of the table `runs` itself. */
const ofRuns = (columns: Columns) =>
  sql.join(
    columns.map((name) => (name === 'custom_type' ? sql`${CUSTOM_TYPE} as custom_type` : of('runs', [name]))),
    sql`, `,
  );

/** Number of runs with a status. With `atLeast`, there may be more. */
export interface RunCount {
  count: number;
  atLeast: boolean;
}

/**
 * Returns a subquery for the ids of up to `limit` runs that match the filter: the newest below the position `before`.
 */
export async function matchingIds(
  db: Executor,
  filter: RunFilter,
  { limit, before }: { limit: number; before?: RunPosition | undefined },
): Promise<SQL> {
  if (filter.q === undefined) return sql`select id from (${newest(filter, limit, { before })}) as r`;
  const found = await searched(db, { ...filter, q: filter.q }, { limit, before, window: SEARCHED_RUNS });
  return sql`select r.id from (${found}) as r ${newestFirst('r')} limit ${limit}`;
}

/**
 * Returns the number of runs by status. The filter's own status is ignored. Counting stops at 10,000 runs per status,
 * so that the time does not grow with the number of runs. If the filter specifies an automation, a context key or an
 * error code, counting stops at 10,000 open and at 10,000 ended runs. If it has a search text, counting stops at 10,000
 * runs in total.
 */
export async function countRuns(db: Executor, filter: RunFilter): Promise<Map<RunStatus, RunCount>> {
  const all = { ...filter, status: undefined };
  const limit = COUNTED_RUNS + 1;
  const parts = countedTogether(all);
  const idsOf = async (part: readonly RunStatus[]) =>
    all.q === undefined
      ? newest({ ...all, status: part }, limit, { columns: POSITION_STATUS })
      : sql`select r.status from (${await foundByText(db, { ...all, q: all.q }, limit)}) as r limit ${limit}`;
  const sets = await Promise.all(parts.map(async (part) => sql`select status from (${await idsOf(part)}) as r`));
  const { rows } = await db.execute<{ status: RunStatus; count: number }>(
    sql`select status, count(*)::int as count from (${sql.join(sets, sql` union all `)}) as r group by status`,
  );
  const countOf = (status: RunStatus) => rows.find((row) => row.status === status)?.count ?? 0;
  const isFull = (part: readonly RunStatus[]) => part.reduce((sum, status) => sum + countOf(status), 0) > COUNTED_RUNS;
  const full = new Set(parts.filter(isFull).flat());
  return new Map(
    RUN_STATUSES.map((status) => [
      status,
      { count: Math.min(countOf(status), COUNTED_RUNS), atLeast: full.has(status) },
    ]),
  );
}

/** Groups the statuses whose runs share one limit for counting. */
function countedTogether({ q, automationId, contextKey, errorCode }: RunFilter): readonly (readonly RunStatus[])[] {
  if (q !== undefined) return [RUN_STATUSES];
  if ([automationId, contextKey, errorCode].some((each) => each !== undefined)) return [OPEN, ENDED];
  return RUN_STATUSES.map((status) => [status]);
}

const foundByText = (db: Executor, filter: RunFilter & { q: string }, limit: number) =>
  searched(db, filter, { limit, window: SEARCHED_RUNS, columns: POSITION_STATUS, ordered: false });

/**
 * Selects the newest `limit` runs that match the filter, ignoring its search text. Returns their positions, or the
 * given columns, which include the positions.
 */
function newest(
  filter: RunFilter,
  limit: number,
  { before, columns = POSITION }: { before?: RunPosition | undefined; columns?: Columns } = {},
): SQL {
  const { status = [], ...others } = filter;
  const hasOwnIndex = [filter.automationId, filter.contextKey, filter.errorCode].some((each) => each !== undefined);
  const below = belowPosition('runs', before);
  // The index of runs by status is not ordered across statuses, so the newest runs of each status are selected and
  // merged.
  if (status.length > 1 && !hasOwnIndex)
    return sql`select ${of('r', columns)} from unnest(${`{${status.join(',')}}`}::text[]) as s(status) cross join lateral (
      select ${ofRuns(columns)} from ${runs} where ${whereRuns(others) ?? sql`true`} and runs.status = s.status and ${below}
      ${newestFirst('runs')} limit ${limit}) as r ${newestFirst('r')} limit ${limit}`;
  return sql`select ${ofRuns(columns)} from ${runs} where ${whereRuns(filter) ?? sql`true`} and ${below} ${newestFirst('runs')} limit ${limit}`;
}

/**
 * Returns a query for the runs that match the search text, in no particular order. A run matches if its automation's
 * name contains the text, its context key equals the text, or its id is the text. The newest `limit` runs are selected
 * from each of these automations, and from the runs with this context key. With `ordered: false`, any `limit` runs are
 * selected from all these automations together. Among the newest `window` runs, a run also matches if its context key
 * or event contains the text.
 */
async function searched(
  db: Executor,
  { q, ...filter }: RunFilter & { q: string },
  {
    limit,
    before,
    window,
    columns = POSITION,
    ordered = true,
  }: { limit: number; before?: RunPosition | undefined; window: number; columns?: Columns; ordered?: boolean },
): Promise<SQL> {
  const pattern = `%${q.replace(/[\\%_]/g, (char) => `\\${char}`)}%`;
  const named = await db.execute<{ id: string }>(
    sql`select id from automations where name ilike ${pattern} order by id limit ${MAX_NAMED}`,
  );
  const ids = named.rows.map((row) => row.id).filter((id) => [undefined, id].includes(filter.automationId));
  const where = whereRuns(filter) ?? sql`true`;
  const below = belowPosition('runs', before);
  // Without an order, reading stops at the limit and does not visit all of these automations.
  const total = ordered ? sql`` : sql` limit ${limit}`;
  const id = z.uuid().safeParse(q.toLowerCase());
  const parts = [
    ...(ids.length === 0
      ? []
      : [
          sql`select ${of('r', columns)} from unnest(${`{${ids.join(',')}}`}::uuid[]) as a(id) cross join lateral (
            select ${ofRuns(columns)} from ${runs} where runs.automation_id = a.id and ${where} and ${below}
            ${newestFirst('runs')} limit ${limit}) as r${total}`,
        ]),
    newest({ ...filter, contextKey: q }, limit, { before, columns }),
    ...(id.success
      ? [sql`select ${ofRuns(columns)} from ${runs} where runs.id = ${id.data} and ${where} and ${below}`]
      : []),
    sql`select ${of('runs', columns)} from (${newest(filter, window, { columns: COMPARED })}) as runs
      where (runs.context_key ilike ${pattern} or runs.trigger_event ilike ${pattern} or runs.custom_type ilike ${pattern}) and ${below}`,
  ];
  return sql.join(
    parts.map((part) => sql`(${part})`),
    sql` union `,
  );
}
