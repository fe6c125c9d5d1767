import type { LoopWatch, WatchedLoop } from './loop-watch';
import { Sleeper } from './sleeper';

/** Work that is repeated until it is stopped. */
export interface Sweep {
  /** Starts a round soon, because there may be work. */
  poke(): void;
  /** Stops after the current round has ended. */
  stop(): Promise<void>;
}

/**
 * Interval, in milliseconds, at which a sweep without a timer reports progress even if it was not poked. The watchdog
 * expects an iteration at least every 25 s.
 */
const REPORT_EVERY_MS = 10_000;

/**
 * Creates a sweep. It does the work at the start and after each poke. It also does the work when `everyMs` have passed
 * without a poke, because the process that should have poked may have died. If `everyMs` is 'poked', the work is done
 * only at the start and after each poke (the sweeper pokes when there is work). An error is reported and does not stop
 * the sweep. If `watch` and `name` are given, a round that stalls is abandoned: a new round begins, and `isStopped`
 * returns true in the abandoned round.
 */
export function createSweep(deps: {
  everyMs: number | 'poked';
  /** Does the work. Returns true when there may be more. Long work must check `isStopped` regularly. */
  work: (isStopped: () => boolean) => Promise<boolean>;
  onError: (error: unknown) => void;
  name?: string;
  watch?: LoopWatch | undefined;
}): Sweep {
  const sleeper = new Sleeper();
  let stopped = false;
  let poked = false;
  let generation = 0;
  let watched: WatchedLoop | undefined;

  const attempt = (isStopped: () => boolean): Promise<boolean> =>
    deps.work(isStopped).catch((error: unknown) => {
      deps.onError(error);
      return false;
    });

  const loop = async (mine: number): Promise<void> => {
    const isStopped = () => stopped || mine !== generation;
    const { everyMs } = deps;
    poked = true;
    while (!isStopped()) {
      const isDue = poked || everyMs !== 'poked';
      poked = false;
      const more = isDue && (await attempt(isStopped));
      if (isStopped()) return;
      watched?.round();
      if (!poked && !more) await sleeper.sleep(everyMs === 'poked' ? REPORT_EVERY_MS : everyMs);
      else if (more) poked = true;
    }
  };
  let running = loop(generation);
  if (deps.name !== undefined) {
    watched = deps.watch?.add(deps.name, () => {
      generation += 1;
      running = loop(generation);
    });
  }
  return {
    poke() {
      poked = true;
      sleeper.wake();
    },
    async stop() {
      stopped = true;
      watched?.stopped();
      sleeper.wake();
      await running;
    },
  };
}
