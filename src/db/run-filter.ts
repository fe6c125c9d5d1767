import { and, eq, gte, inArray, lte, sql, type SQL } from 'drizzle-orm';
import { runs, type RunStatus } from './tables/runs';

/** Which runs. Dates compare with the creation of the run. */
export interface RunFilter {
  automationId?: string | undefined;
  status?: readonly RunStatus[] | undefined;
  contextKey?: string | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
  /** Code of the run's error. */
  errorCode?: string | undefined;
  /** Part of the automation's name, the context key or the event; or the run's id. Only lists and counts know it. */
  q?: string | undefined;
}

/**
 * Ids begin with the time at which a process made them, `created_at` is the time of the database. The two differ by no more than this,
 * in milliseconds.
 */
const CLOCKS_DIFFER_MS = 3_600_000;

/** Returns the filter as a condition on `runs`, without its text `q`. A time also bounds the id, which an index sorts by. */
export function whereRuns(filter: RunFilter): SQL | undefined {
  const { automationId, status, contextKey, from, to, errorCode } = filter;
  return and(
    automationId === undefined ? undefined : eq(runs.automationId, automationId),
    status === undefined ? undefined : inArray(runs.status, [...status]),
    contextKey === undefined ? undefined : eq(runs.contextKey, contextKey),
    from === undefined
      ? undefined
      : and(gte(runs.createdAt, from), gte(runs.id, idAt(from.getTime() - CLOCKS_DIFFER_MS, '0'))),
    to === undefined
      ? undefined
      : and(lte(runs.createdAt, to), lte(runs.id, idAt(to.getTime() + CLOCKS_DIFFER_MS, 'f'))),
    errorCode === undefined ? undefined : sql`${runs.error} ->> 'code' = ${errorCode}`,
  );
}

/** The first or last id of a millisecond: `fill` is the digit that stands for all that follows the time. */
function idAt(ms: number, fill: '0' | 'f'): string {
  const time = Math.min(Math.max(0, Math.trunc(ms)), 0xffff_ffff_ffff)
    .toString(16)
    .padStart(12, '0');
  const rest = (digits: number) => fill.repeat(digits);
  return `${time.slice(0, 8)}-${time.slice(8)}-${rest(4)}-${rest(4)}-${rest(12)}`;
}
