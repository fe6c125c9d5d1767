/** Which scheduled times still fire if they were missed while Temporal or the workers were down. */
export type CatchUp = 'skip' | 'one' | 'all';

/** Maximum delay, in milliseconds, at which a scheduled time still counts as fired on time. */
const PROMPT_MS = 5_000;

/** A scheduled time, and when Temporal and a worker handled it. */
export interface ScheduledStart {
  scheduledFor: Date;
  /** When Temporal started the workflow for this time. */
  begunAt: Date;
  /** Whether a worker that is live now was also live at the scheduled time. */
  attended: boolean;
  now: Date;
}

/**
 * Returns whether a scheduled time was missed, because Temporal or all workers were down at that time. A time that is
 * evaluated late because the worker was busy was not missed.
 */
function isMissed({ scheduledFor, begunAt, attended, now }: ScheduledStart): boolean {
  const latest = scheduledFor.getTime() + PROMPT_MS;
  return begunAt.getTime() > latest || (!attended && now.getTime() > latest);
}

/**
 * Returns whether a scheduled time still fires at this evaluation. `laterDue` returns whether a later time of the same
 * schedule is already due. It is called for `one`, with which only the newest of several missed times fires.
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
