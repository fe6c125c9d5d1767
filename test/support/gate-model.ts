import type { WindowRule } from '../../src/domain/gates/window';

/** An event in the model. From the time `at` in milliseconds, the cause holds or does not hold. */
export interface CauseEvent {
  at: number;
  holds: boolean;
}

/**
 * Returns the deadlines at which a `for:` gate fires for the changes of one entity, by applying the rule directly. The
 * log arrives in batches. Each batch is routed after all of its deadlines have passed. When the cause begins to hold,
 * the gate is armed if the cause still holds at the end of the batch, or has held through its deadline. The gate fires
 * when the cause has held for the duration without interruption. After that, it does not fire again until the cause has
 * stopped. Events older than the last firing do not arm the gate.
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
 * Returns the indexes of the arrivals at which a window fires. `arrivals` contains the times of the events in the order
 * of the log. Applies the rule to the whole list without pruning: the window ends at the newest time counted so far,
 * and includes its lower bound.
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
