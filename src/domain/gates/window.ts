/** The window gate of a trigger, as it is written in the document. */
export interface WindowRule {
  count: number;
  minutes: number;
  refire: 'every' | 'once';
}

/** A time in milliseconds since 1970. */
type Instant = number;

/**
 * Returns whether an event that has just arrived fires its window. `others` are the times of the events that arrived
 * earlier for the same key. Only the newest `count` of them matter. The window ends at the newest time, even if this
 * event is older, and its lower bound is inclusive. `once` fires only when the previous arrival had not reached the
 * count, or after a pause as long as the window.
 */
export function windowFires(rule: WindowRule, at: Instant, others: readonly Instant[]): boolean {
  const ms = rule.minutes * 60_000;
  const reaches = (instants: readonly Instant[]) => eventsInWindow(rule, instants) >= rule.count;
  if (!reaches([at, ...others])) return false;
  if (rule.refire === 'every' || others.length === 0) return true;
  const isAlone = countFrom(others, Math.max(at, ...others) - ms) === 0;
  return isAlone || !reaches(others);
}

/** Returns how many of the events are within the window that ends at the newest of them. */
export function eventsInWindow({ minutes }: Pick<WindowRule, 'minutes'>, instants: readonly Instant[]): number {
  return countFrom(instants, Math.max(...instants) - minutes * 60_000);
}

const countFrom = (instants: readonly Instant[], from: Instant) => instants.filter((instant) => instant >= from).length;
