/** What happens to times that were missed while Temporal or the workers were down. */
export type CatchUp = 'skip' | 'one' | 'all';

/** What comes at most so late was not missed by anybody. */
const PROMPT_MS = 5_000;

/** How a scheduled time came about. */
export interface Arrival {
  scheduledFor: Date;
  /** When Temporal began with it. */
  begunAt: Date;
  /** A worker that is there now was there at that time already. */
  attended: boolean;
  now: Date;
}

/** Temporal was down at that time, or all workers were; a busy worker that is late has missed nothing. */
function isMissed({ scheduledFor, begunAt, attended, now }: Arrival): boolean {
  const latest = scheduledFor.getTime() + PROMPT_MS;
  return begunAt.getTime() > latest || (!attended && now.getTime() > latest);
}

/**
 * Returns whether a scheduled time still fires at this evaluation. `laterDue` says whether a later time of the same schedule
 * is due by now: of several that were missed, `one` fires the newest.
 */
export function stillFires(
  rule: { catchUp: CatchUp; catchUpMinutes: number },
  arrival: Arrival,
  laterDue: () => boolean,
): boolean {
  if (!isMissed(arrival)) return true;
  const late = arrival.now.getTime() - arrival.scheduledFor.getTime();
  if (rule.catchUp === 'skip' || late > rule.catchUpMinutes * 60_000) return false;
  return rule.catchUp === 'all' || !laterDue();
}
