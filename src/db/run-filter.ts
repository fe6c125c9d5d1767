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
 * Maximum difference between the two clocks that the times of a run come from, in milliseconds. A run's id begins with
 * the time of its cause, which precedes `created_at` and is read from another clock.
 */
const CLOCKS_DIFFER_MS = 3_600_000;

/**
 * Converts the filter to a condition on `runs`, without its text `q`. Returns undefined for a filter without other
 * parts. `to` also limits the id, because an index is ordered by the id.
 */
export function whereRuns(filter: RunFilter): SQL | undefined {
  const { automationId, status, contextKey, from, to, errorCode } = filter;
  const where = and(
    automationId === undefined ? undefined : eq(runs.automationId, automationId),
    status === undefined ? undefined : inArray(runs.status, [...status]),
    contextKey === undefined ? undefined : eq(runs.contextKey, contextKey),
    from === undefined ? undefined : gte(runs.createdAt, from),
    to === undefined
      ? undefined
      : and(lte(runs.createdAt, to), lte(runs.id, lastIdAt(to.getTime() + CLOCKS_DIFFER_MS))),
    errorCode === undefined ? undefined : sql`${runs.error} is not null and ${runs.error} ->> 'code' = ${errorCode}`,
  );
  return where && sql`${PLANNED_EACH_TIME}${where}`;
}

/** Returns the highest UUID whose timestamp is the given millisecond. */
function lastIdAt(ms: number): string {
  const time = Math.min(Math.max(0, Math.trunc(ms)), 0xffff_ffff_ffff)
    .toString(16)
    .padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-ffff-ffff-ffffffffffff`;
}
