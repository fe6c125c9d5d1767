import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../domain/errors';
import type { Child, ChildExit } from '../os/child';

/** Something that runs as one process. */
export interface Started {
  process: Child;
  /** Stops the process in order. */
  stop(): Promise<void>;
}

/** A part of `fermata dev` that is restarted when it ends unexpectedly. */
export interface Supervised {
  stop(): Promise<void>;
  kill(): void;
}

interface SuperviseOptions<T extends Started> {
  start: () => Promise<T>;
  /** Receives a sentence for each restart and failure, for the log. */
  report: (message: string) => void;
  onStarted: (started: T) => void;
  /** Called after each end that neither stop nor kill caused. */
  onEnd: () => void;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/**
 * A part that has run for this long, in milliseconds, counts as recovered: its next restart begins with the shortest
 * pause again.
 */
const STABLE_MS = 60_000;

/** Starts it, rejecting when the first start fails, and keeps it running until `stop` or `kill`. */
export async function supervise<T extends Started>(
  options: SuperviseOptions<T>,
): Promise<{ supervised: Supervised; first: T }> {
  const { start, report, onStarted, onEnd } = options;
  const over = new AbortController();
  const first = await start();
  let current = first;
  onStarted(first);

  const keep = async () => {
    let pauseMs = FIRST_PAUSE_MS;
    while (!over.signal.aborted) {
      const startedAt = Date.now();
      const exit = await current.process.exited;
      if (over.signal.aborted) return;
      onEnd();
      if (Date.now() - startedAt > STABLE_MS) pauseMs = FIRST_PAUSE_MS;
      report(`ended (${reasonOf(exit)}); starting it again in ${pauseMs / 1000} s`);
      await sleep(pauseMs, undefined, { signal: over.signal }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      if (over.signal.aborted) return;
      try {
        current = await start();
        onStarted(current);
        report('started again');
      } catch (error) {
        report(messageOf(error));
      }
    }
  };
  const kept = keep();

  const supervised: Supervised = {
    async stop() {
      over.abort();
      await current.stop();
      await kept;
      // One that was starting at that moment.
      if (current.process.running) await current.stop();
    },
    kill() {
      over.abort();
      if (current.process.running) current.process.signal('SIGKILL');
    },
  };
  return { supervised, first };
}

const reasonOf = ({ code, signal }: ChildExit) => (signal !== null ? signal : `exit code ${code}`);
