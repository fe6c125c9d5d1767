/** What happens to times that were missed while Temporal or the workers were down. */
export type CatchUp = 'skip' | 'one' | 'all';

/** A time that comes at most so late was not missed. */
export const ON_TIME_MS = 30_000;

/**
 * Whether a scheduled time still fires, now that it is looked at. `laterDue` tells whether a later time of the same schedule
 * is due by now: of several that were missed, `one` fires the newest.
 */
export function stillFires(
  rule: { catchUp: CatchUp; catchUpMinutes: number },
  scheduledFor: Date,
  now: Date,
  laterDue: () => boolean,
): boolean {
  const late = now.getTime() - scheduledFor.getTime();
  if (late <= ON_TIME_MS) return true;
  if (rule.catchUp === 'skip' || late > rule.catchUpMinutes * 60_000) return false;
  return rule.catchUp === 'all' || !laterDue();
}
