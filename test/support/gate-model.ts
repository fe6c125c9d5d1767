import { windowFires, type WindowRule } from '../../src/domain/gates/window';

/** One event of the model: the cause holds from here on, or it does not; instants in milliseconds. */
export interface CauseEvent {
  at: number;
  holds: boolean;
}

/**
 * What a `for:` gate does with the changes of one entity, by the rule and nothing else (engine.md, Gates): which deadlines it
 * fires at. The log comes in batches, each looked at as a whole when all of its deadlines have passed. The cause is armed when
 * it begins to hold, if it holds still when that is looked at; it fires when it has held so long without a gap, and is spent
 * until it stops. What is older than the last firing arms nothing.
 */
export function dwellFirings(batches: readonly (readonly CauseEvent[])[], durationMs: number): number[] {
  const firings: number[] = [];
  let armedAt: number | null = null;
  let spent = false;
  let held = false;
  const fireIfDue = (until: number): void => {
    if (armedAt === null || armedAt + durationMs > until) return;
    firings.push(armedAt + durationMs);
    armedAt = null;
    spent = true;
  };
  for (const batch of batches) {
    const holdsNow = batch.at(-1)?.holds ?? held;
    for (const { at, holds } of batch) {
      const begins = holds && !held;
      held = holds;
      fireIfDue(at);
      if (!holds) {
        armedAt = null;
        spent = false;
      } else if (begins && holdsNow && armedAt === null && !spent && at > (firings.at(-1) ?? -Infinity)) {
        armedAt = at;
      }
    }
    fireIfDue(Infinity);
  }
  return firings;
}

/** Which of a row of arrivals, in the order of the log, a window fires at: their places. */
export function windowFirings(arrivals: readonly number[], rule: WindowRule): number[] {
  return arrivals.flatMap((at, index) => (windowFires(rule, at, arrivals.slice(0, index)) ? [index] : []));
}
