import type { Say } from './output';
import { supervise, type Started, type Supervised } from './supervise';

/** Thrown when a stop was requested during a start. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

/** The running parts, in the order in which they were started. */
export interface PartList {
  /**
   * Starts a part and keeps it running. Calls `onEnd` each time the part ends unexpectedly.
   * @throws {Stopped} when a stop was requested
   */
  run<T extends Started>(name: string, start: () => Promise<T>, onEnd?: () => void): Promise<T>;
  /**
   * Prevents further starts after a stop was requested.
   * @throws {Stopped} when a stop was requested
   */
  throwIfStopping(): void;
  /** Stops all parts in reverse order. A part that is starting is stopped as soon as it has started. */
  stop(): Promise<void>;
  kill(): void;
}

/** Creates an empty list. `onStarted` receives the process id of each start and restart. */
export function createPartList(deps: { say: Say; onStarted: (name: string, pid: number) => void }): PartList {
  const parts: { name: string; supervised: Supervised }[] = [];
  let stopping = false;
  const throwIfStopping = () => {
    if (stopping) throw new Stopped('stopped while starting');
  };
  return {
    throwIfStopping,
    async run(name, start, onEnd = () => undefined) {
      throwIfStopping();
      const { supervised, first } = await supervise({
        start,
        onEnd,
        report: (message) => deps.say(name, message),
        onStarted: (started) => deps.onStarted(name, started.process.pid),
      });
      if (stopping) await supervised.stop();
      throwIfStopping();
      parts.push({ name, supervised });
      return first;
    },
    async stop() {
      stopping = true;
      for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
        deps.say(part.name, 'stopping');
        await part.supervised.stop();
      }
    },
    kill: () => parts.forEach(({ supervised }) => supervised.kill()),
  };
}
