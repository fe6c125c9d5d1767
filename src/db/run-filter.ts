import { and, eq, gte, inArray, lte, sql, type SQL } from 'drizzle-orm';
import { PLANNED_EACH_TIME } from './prepare-statements';
import { runs, type RunStatus } from './tables/runs';

/**
 * Filter for runs. A run must meet all given conditions. `from` and `to` limit the creation time of the run and are
 * inclusive.
 */
export interface RunFilter {
  automationId?: string | undefined;
  status?: readonly RunStatus[] | undefined;
  contextKey?: string | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
  /** Error code of the run. */
  errorCode?: string | undefined;
  /**
   * Substring of the automation's name, the context key or the event, or the whole run id. For lists and counts only.
   */
  q?: string | undefined;
}

/**
 * Converts the filter, except for `q`, to a condition on `runs`. Returns undefined when the filter has no other parts.
 */
export function whereRuns(filter: RunFilter): SQL | undefined {
  const { automationId, status, contextKey, from, to, errorCode } = filter;
  const where = and(
    automationId === undefined ? undefined : eq(runs.automationId, automationId),
    status === undefined ? undefined : inArray(runs.status, [...status]),
    contextKey === undefined ? undefined : eq(runs.contextKey, contextKey),
    from === undefined ? undefined : gte(runs.createdAt, from),
    to === undefined ? undefined : lte(runs.createdAt, to),
    errorCode === undefined ? undefined : sql`${runs.error} is not null and ${runs.error} ->> 'code' = ${errorCode}`,
  );
  return where && sql`${PLANNED_EACH_TIME}${where}`;
}

/**
 * The position of a run in lists: its creation time, as ISO 8601 with microseconds, and its id. Both are needed,
 * because runs may be created in the same microsecond.
 */
export interface RunPosition {
  createdAt: string;
  id: string;
}

/** Returns the condition that rows of `table` are below a list position. Without a position, it is always true. */
export function belowPosition(table: string, position: RunPosition | undefined): SQL {
  if (position === undefined) return sql`true`;
  const of = sql.raw(`(${table}.created_at, ${table}.id)`);
  return sql`${of} < (${position.createdAt}::timestamptz, ${position.id}::uuid)`;
}

/** Returns the `order by` clause of all lists of runs: by creation time, from newest to oldest. */
export const newestFirst = (table: string): SQL => sql.raw(`order by ${table}.created_at desc, ${table}.id desc`);
