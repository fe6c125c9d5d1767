import { and, eq, gte, inArray, lte, sql, type SQL } from 'drizzle-orm';
import { PLANNED_EACH_TIME } from './prepare-statements';
import { runs, type RunStatus } from './tables/runs';

/**
 * Filter of runs. A run must meet all given conditions. `from` and `to` are compared with the creation of the run, and
 * are inclusive.
 */
export interface RunFilter {
  automationId?: string | undefined;
  status?: readonly RunStatus[] | undefined;
  contextKey?: string | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
  /** Code of the run's error. */
  errorCode?: string | undefined;
  /**
   * Part of the automation's name, of the context key or of the event, or the id of the run. For lists and counts only.
   */
  q?: string | undefined;
}

/**
 * Converts the filter to a condition on `runs`, without its text `q`. Returns undefined for a filter without other
 * parts.
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
 * The place of a run in lists: when it was created, as ISO 8601 with microseconds, and its id. Both are needed, because
 * runs may be created in the same microsecond.
 */
export interface RunPosition {
  createdAt: string;
  id: string;
}

/** Returns the condition that the rows of `table` are below a position in a list; always true without a position. */
export function belowPosition(table: string, position: RunPosition | undefined): SQL {
  if (position === undefined) return sql`true`;
  const of = sql.raw(`(${table}.created_at, ${table}.id)`);
  return sql`${of} < (${position.createdAt}::timestamptz, ${position.id}::uuid)`;
}

/** Returns the order of all lists of runs: newest first, by the time at which the runs were created. */
export const newestFirst = (table: string): SQL => sql.raw(`order by ${table}.created_at desc, ${table}.id desc`);
