/** Initial limit of runs in flight. The limit grows while starts are quick. */
const INITIAL = 20;
/** Minimum limit of runs in flight, even if every start is slow. */
const MIN_LIMIT = 10;
/** Initial and minimum share of one automation. A share below 1 means pauses between its runs. */
const [INITIAL_SHARE, MIN_SHARE] = [1, 0.2];
/** Weight of the newest start in the moving average of start times. */
const WEIGHT = 0.1;
/**
 * Starts count as quick while their average time is at most `FACTOR` times that of the quickest start, plus
 * `ALLOWANCE_MS`.
 */
const FACTOR = 2;
const ALLOWANCE_MS = 20;
/** Factor by which the quickest time grows with each start, so that it adapts to a machine that becomes slower. */
const FORGET_QUICKEST = 1.001;
/** Factor by which the limit shrinks after a slow start. */
const SHRINK = 0.95;
/**
 * Allowance for the share of one automation, used instead of `ALLOWANCE_MS`. The share depends on each start, not on
 * the average.
 */
const SHARE_ALLOWANCE_MS = 5;
/**
 * Number of runs by which a share of at least 1 grows after a quick start, while an automation uses all of its share. A
 * smaller share grows in proportion.
 */
const GROW_SHARE = 0.06;
/** Factor by which the share shrinks after a slow start. */
const SHRINK_SHARE = 0.95;

/** Limits the number of runs in flight, in total and for one automation. Both limits are fractional numbers of runs. */
export interface RunLimit {
  /** Returns the maximum number of runs in flight. */
  limit(): number;
  /**
   * Returns the maximum number of runs of one automation in flight while other automations request slots: at least 0.2,
   * at most a quarter of the limit or 1, whichever is larger. If it is below 1, one run may be in flight, and a pause
   * follows each run.
   */
  share(): number;
  /**
   * Adapts both limits to a start.
   *
   * @param ms Milliseconds from the start to the first step of the run.
   * @param load.inFlight Number of runs in flight, including this one.
   * @param load.isShareUsed Whether an automation has used its share.
   */
  adapt(ms: number, load: { inFlight: number; isShareUsed: boolean }): void;
}

/**
 * Creates a limit for a process with `slots` workflow task slots.
 *
 * The limit shrinks when the time from a start to the first step is longer than for the quickest starts, because runs
 * then only wait for each other inside the worker. It grows while starts are quick.
 *
 * The share of one automation is one run at first, grows while starts are quick, and shrinks after each slow start. A
 * burst of one automation therefore uses the capacity that the others leave, and delays their runs only slightly. If
 * the round trip to Temporal is long, even the quickest starts take a long time, so the share can still grow.
 */
export function createRunLimit(slots: number): RunLimit {
  let averageMs = 0;
  let quickestMs = Infinity;
  let limit = Math.min(slots, INITIAL);
  let share = INITIAL_SHARE;
  return {
    limit: () => limit,
    share: () => share,
    adapt(ms, { inFlight, isShareUsed }) {
      averageMs += WEIGHT * (ms - averageMs);
      quickestMs = Math.min(ms, quickestMs * FORGET_QUICKEST);
      const isSlow = averageMs > FACTOR * quickestMs + ALLOWANCE_MS;
      if (isSlow) limit = Math.max(Math.min(slots, MIN_LIMIT), limit * SHRINK);
      // The limit grows only while at least a quarter of it is used. Otherwise nothing shows that a higher limit helps.
      else if (inFlight >= limit / 4) limit = Math.min(slots, limit + 1);
      const delaysOthers = ms > FACTOR * quickestMs + SHARE_ALLOWANCE_MS;
      if (delaysOthers) share *= SHRINK_SHARE;
      // The share grows only while an automation uses all of it. Otherwise nothing shows that a larger share is
      // harmless.
      else if (isShareUsed) share += GROW_SHARE * Math.min(1, share);
      share = Math.max(MIN_SHARE, Math.min(share, Math.max(1, limit / 4)));
    },
  };
}
