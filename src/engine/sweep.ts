import { Sleeper } from './sleeper';

/** Work that is done again and again until it is stopped. */
export interface Sweep {
  /** There may be something to do. */
  poke(): void;
  /** Lets what is under way end. */
  stop(): Promise<void>;
}

/**
 * Does the work at once, then after each poke, or after a pause without one: whoever should have poked may have died. What it throws
 * is told and ends nothing.
 */
export function createSweep(deps: {
  everyMs: number;
  /** Gives true when there may be more to do at once. Long work asks now and then whether it is to stop. */
  work: (isStopped: () => boolean) => Promise<boolean>;
  onError: (error: unknown) => void;
}): Sweep {
  const sleeper = new Sleeper();
  let stopped = false;
  let poked = false;
  const isStopped = () => stopped;

  const loop = async (): Promise<void> => {
    while (!isStopped()) {
      poked = false;
      const more = await deps.work(isStopped).catch((error: unknown) => {
        deps.onError(error);
        return false;
      });
      if (!isStopped() && !poked && !more) await sleeper.sleep(deps.everyMs);
    }
  };
  const running = loop();
  return {
    poke() {
      poked = true;
      sleeper.wake();
    },
    async stop() {
      stopped = true;
      sleeper.wake();
      await running;
    },
  };
}
