import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../domain/errors';
import type { Child, ChildExit } from '../os/child';

/** A running process. */
export interface Started {
  process: Child;
  /** Stops the process gracefully. */
  stop(): Promise<void>;
}

/** A part of `fermata dev` that is restarted when it ends unexpectedly. */
export interface Supervised {
  stop(): Promise<void>;
  kill(): void;
}

interface SuperviseOptions<T extends Started> {
  start: () => Promise<T>;
  /** Receives a log message for each restart and failure. */
  report: (message: string) => void;
  onStarted: (started: T) => void;
  /** Called each time the process ends, unless `stop` or `kill` caused the end. */
  onEnd: () => void;
}

const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;
/**
 * Milliseconds after which a running part counts as recovered. The pause before its next restart is then reset to the
 * minimum.
 */
const STABLE_MS = 60_000;

/** Starts a part and keeps it running until `stop` or `kill` is called. Rejects when the first start fails. */
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
      pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
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
      // Stop a process that was starting at that moment.
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
