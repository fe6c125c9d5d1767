/** The state of a watched loop. */
export interface LoopState {
  name: string;
  /** Seconds since the loop last completed an iteration, or since it was started. */
  ageSeconds: number;
  /** Whether the current iteration has taken longer than the limit. */
  stalled: boolean;
  restarts: number;
}

/** The handle with which a loop reports its progress. */
export interface WatchedLoop {
  /** Reports progress: an iteration has ended, with or without an error, and the next iteration begins. */
  round(): void;
  /** Reports that the loop was stopped on purpose. */
  stopped(): void;
}

/** Watches the periodic loops of a process. */
export interface LoopWatch {
  /**
   * Adds a loop. `restart` is called when the loop has stalled, and again after each further 25 s without progress. It
   * abandons the stalled iteration and begins a new iteration, or does nothing for a loop that is only reported.
   */
  add(name: string, restart: () => void): WatchedLoop;
  states(): LoopState[];
  stop(): void;
}

/**
 * Milliseconds after which an iteration counts as stalled. A statement times out after 18 s and a call to Temporal
 * after 10 s, so an iteration that takes longer hangs somewhere else.
 */
const LIMIT_MS = 25_000;
const CHECK_MS = 1_000;

/**
 * Restarts loops that have completed no iteration for `limitMs` (default 25,000), and reports each restart. The
 * abandoned iteration may continue while the new iteration runs. This does no harm, because several workers may also do
 * the work of a loop at the same time.
 */
export function createLoopWatch(deps: {
  onStalled: (loop: LoopState) => void;
  limitMs?: number;
  /** Returns a monotonic time in milliseconds. Default: `performance.now`. */
  now?: () => number;
}): LoopWatch {
  const { onStalled, limitMs = LIMIT_MS, now = () => performance.now() } = deps;
  const loops = new Map<string, { at: number; restarts: number; restartedAt: number; restart: () => void }>();

  const stateOf = (name: string, loop: { at: number; restarts: number }): LoopState => ({
    name,
    ageSeconds: Math.round((now() - loop.at) / 100) / 10,
    stalled: now() - loop.at > limitMs,
    restarts: loop.restarts,
  });
  const check = (): void => {
    for (const [name, loop] of loops) {
      if (now() - Math.max(loop.at, loop.restartedAt) <= limitMs) continue;
      loop.restarts += 1;
      loop.restartedAt = now();
      onStalled(stateOf(name, loop));
      loop.restart();
    }
  };
  const timer = setInterval(check, CHECK_MS).unref();

  return {
    add(name, restart) {
      const loop = { at: now(), restarts: 0, restartedAt: 0, restart };
      loops.set(name, loop);
      return { round: () => void (loop.at = now()), stopped: () => void loops.delete(name) };
    },
    states: () => [...loops].map(([name, loop]) => stateOf(name, loop)),
    stop: () => clearInterval(timer),
  };
}
