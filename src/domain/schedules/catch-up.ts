/** What to do with times that were missed while Temporal or the workers were down. */
export type CatchUp = 'skip' | 'one' | 'all';

/** A time that fires within this delay was not missed. */
const PROMPT_MS = 5_000;

/** When a scheduled time was due and handled. */
export interface ScheduledStart {
  scheduledFor: Date;
  /** When Temporal started it. */
  begunAt: Date;
  /** Whether a worker that is live now was also live at that time. */
  attended: boolean;
  now: Date;
}

/**
 * Returns whether a scheduled time was missed: Temporal or all workers were down at that time. A time that a busy
 * worker evaluates late was not missed.
 */
function isMissed({ scheduledFor, begunAt, attended, now }: ScheduledStart): boolean {
  const latest = scheduledFor.getTime() + PROMPT_MS;
  return begunAt.getTime() > latest || (!attended && now.getTime() > latest);
}

/**
 * Returns whether a scheduled time still fires at this evaluation. `laterDue` returns whether a later time of the same
 * schedule is already due: of several missed times, `one` fires the newest.
 */
export function stillFires(
  rule: { catchUp: CatchUp; catchUpMinutes: number },
  arrival: ScheduledStart,
  laterDue: () => boolean,
): boolean {
  if (!isMissed(arrival)) return true;
  const late = arrival.now.getTime() - arrival.scheduledFor.getTime();
  if (rule.catchUp === 'skip' || late > rule.catchUpMinutes * 60_000) return false;
  return rule.catchUp === 'all' || !laterDue();
}
