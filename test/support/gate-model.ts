import type { WindowRule } from '../../src/domain/gates/window';

/** One event of the model: the cause holds from here on, or it does not; instants in milliseconds. */
export interface CauseEvent {
  at: number;
  holds: boolean;
}

/**
 * What a `for:` gate does with the changes of one entity, by the rule and nothing else (engine.md, Gates): which deadlines it
 * fires at. The log comes in batches, each routed when all of its deadlines have passed. The cause is armed when it begins to
 * hold, if it still holds at the end of the batch or has held through its deadline by then; it fires when it has held so long
 * without a gap, and is spent until it stops. What is older than the last firing arms nothing.
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
    for (const [index, { at, holds }] of batch.entries()) {
      const stop = batch.slice(index + 1).find((later) => !later.holds);
      const mayFire = stop === undefined || stop.at >= at + durationMs;
      const begins = holds && !held;
      held = holds;
      fireIfDue(at);
      if (!holds) {
        armedAt = null;
        spent = false;
      } else if (begins && mayFire && armedAt === null && !spent && at > (firings.at(-1) ?? -Infinity)) {
        armedAt = at;
      }
    }
    fireIfDue(Infinity);
  }
  return firings;
}

/**
 * Which of a row of arrivals, in the order of the log, a window fires at: their places. By the rule over the whole list, with
 * nothing pruned: the window ends at the newest instant counted, its lower bound is in it.
 */
export function windowFirings(arrivals: readonly number[], { count, minutes, refire }: WindowRule): number[] {
  const firings: number[] = [];
  let before = 0;
  for (const [place] of arrivals.entries()) {
    const seen = arrivals.slice(0, place + 1);
    const from = Math.max(...seen) - minutes * 60_000;
    const counted = seen.filter((at) => at >= from).length;
    const isAlone = counted === 1 && (arrivals[place] ?? 0) >= from;
    if (counted >= count && (refire === 'every' || before < count || isAlone)) firings.push(place);
    before = counted;
  }
  return firings;
}
