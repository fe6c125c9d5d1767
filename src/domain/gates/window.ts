/** The window gate of a trigger, as the document has it. */
export interface WindowRule {
  count: number;
  minutes: number;
  refire: 'every' | 'once';
}

/** Instants are in milliseconds since 1970. */
type Instant = number;

/**
 * Returns whether an event that has just arrived fires its window (engine.md, Gates). `others` are the instants of the
 * earlier events for the same key; only the newest `count` of them matter. The window ends at the newest instant, also
 * when this event is older; its lower bound is inclusive. `once` fires only when the previous arrival had not reached
 * the count, or after a pause as long as the window.
 */
export function windowFires(rule: WindowRule, at: Instant, others: readonly Instant[]): boolean {
  const ms = rule.minutes * 60_000;
  const reaches = (instants: readonly Instant[]) => countFrom(instants, Math.max(...instants) - ms) >= rule.count;
  if (!reaches([at, ...others])) return false;
  if (rule.refire === 'every' || others.length === 0) return true;
  const isAlone = countFrom(others, Math.max(at, ...others) - ms) === 0;
  return isAlone || !reaches(others);
}

const countFrom = (instants: readonly Instant[], from: Instant) => instants.filter((instant) => instant >= from).length;
