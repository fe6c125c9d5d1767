import type { LoopWatch, WatchedLoop } from './loop-watch';
import { Sleeper } from './sleeper';

/** Work that is repeated until it is stopped. */
export interface Sweep {
  /** There may be something to do. */
  poke(): void;
  /** Lets the round under way end. */
  stop(): Promise<void>;
}

/**
 * Does the work at once, then after each poke, and after `everyMs` without one, since the process that should have poked
 * may have died. An error is reported and ends nothing. With a `watch`, a round that does not end is abandoned: another
 * one begins beside it, and `isStopped` answers true to the abandoned one.
 */
export function createSweep(deps: {
  everyMs: number;
  /** Returns true when there may be more to do at once. Long work checks `isStopped` now and then. */
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

  const loop = async (mine: number): Promise<void> => {
    const isStopped = () => stopped || mine !== generation;
    while (!isStopped()) {
      poked = false;
      const more = await deps.work(isStopped).catch((error: unknown) => {
        deps.onError(error);
        return false;
      });
      if (isStopped()) return;
      watched?.round();
      if (!poked && !more) await sleeper.sleep(deps.everyMs);
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
