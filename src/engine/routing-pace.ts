/**
 * Minimum and maximum of the target duration, in milliseconds, for reading and routing one batch. If it is short, a
 * change that arrives after a burst is read soon.
 */
const [MIN_ROUND_MS, MAX_ROUND_MS] = [40, 150];
/** Target ratio of the duration of a round to the duration of its read, because a read is expensive. */
const ROUND_PER_READ = 5;
/** Initial, minimum and maximum number of changes that are read at a time. */
const [INITIAL_BATCH, MIN_BATCH, MAX_BATCH] = [128, 16, 500];
/** Target of the number of runs that are admitted in one round although they have to wait for a slot. */
const WAITING_RUNS = 16;
/**
 * Milliseconds of pause for each run that has to wait for a slot, if there is one worker and each change of the round
 * starts such a run. Unless further changes arrive, routing then admits about 150 runs per second.
 */
const PAUSE_PER_RUN_MS = 6;

/** A round whose read was full. */
export interface Round {
  /** Number of changes that were read. At least 1. */
  changes: number;
  /** Milliseconds that the read took. */
  readMs: number;
  /** Milliseconds that the whole round took. */
  ms: number;
  /** Number of runs that were admitted in the round and that have to wait for a slot. */
  waiting: number;
  /** Number of live workers, including this one. */
  workers: number;
}

/** Decides how many changes are routed in one round, and how soon rounds follow one another. */
export interface RoutingPace {
  /** Returns the maximum number of changes to read. */
  limit(): number;
  /** Adapts the limit to a round. Returns the number of milliseconds to pause before the next round. */
  adapt(round: Round): number;
}

/**
 * Creates the pace of one dispatcher. Rounds are short, so that a change that arrives during a burst is read soon. While
 * runs have to wait for slots, rounds are even shorter, and pauses follow them. If more runs were admitted at once, this
 * worker would not start any of them sooner, and routing would take the processor and Postgres from the runs that are in
 * flight. Pauses are shorter if other changes are routed in the same round, and if other workers can start the waiting
 * runs.
 */
export function createRoutingPace(): RoutingPace {
  let limit = INITIAL_BATCH;
  return {
    limit: () => limit,
    adapt({ changes, readMs, ms, waiting, workers }) {
      const targetMs = Math.min(MAX_ROUND_MS, Math.max(MIN_ROUND_MS, ROUND_PER_READ * readMs));
      const ratio = Math.min(targetMs / ms, waiting === 0 ? Infinity : WAITING_RUNS / waiting);
      limit = Math.max(MIN_BATCH, Math.min(MAX_BATCH, Math.round(changes * ratio)));
      const share = Math.min(1, waiting / changes);
      return (PAUSE_PER_RUN_MS * Math.min(waiting, WAITING_RUNS) * share) / workers;
    },
  };
}
