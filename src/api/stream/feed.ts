import type { Executor } from '../../db/executor';
import { lastSeq, placesAfter } from '../../db/stream-queries';
import type { Logger } from '../../log';
import type { WebUi } from '../routes/run-schema';
import { eventsAt, type StreamEvent } from './stream-event';

/** Backstop behind notifications, and how soon runs are seen to change. */
const POLL_MS = 250;
/** A place is drawn before its transaction commits: so far back places are looked at again for late ones. */
const OVERLAP = 2_000;
const PAGE = 5_000;

/** Follows the database for all open streams of this process with one poll. */
export interface Feed {
  /** Resolves when everything that commits from now on will be told. */
  subscribe(listener: (event: StreamEvent) => void): Promise<() => void>;
  /** Something was committed: look now. */
  wake(): void;
  close(): void;
}

/** Polls only while somebody listens. */
export function createFeed(deps: { db: Executor; webUi: WebUi; log: Logger }): Feed {
  const { db, webUi, log } = deps;
  const listeners = new Set<(event: StreamEvent) => void>();
  let seen = new Set<number>();
  let newest = 0;
  let timer: NodeJS.Timeout | undefined;
  let started: Promise<void> | undefined;
  let polling = false;
  let closed = false;

  const begin = async (): Promise<void> => {
    newest = await lastSeq(db);
    const known = await placesAfter(db, newest - OVERLAP, PAGE);
    seen = new Set(known.map(({ seq }) => seq));
    newest = Math.max(newest, known.at(-1)?.seq ?? 0);
  };

  const look = async (): Promise<void> => {
    const places = await placesAfter(db, newest - OVERLAP, PAGE);
    const fresh = places.filter(({ seq }) => !seen.has(seq));
    const events = await eventsAt(db, fresh, webUi);
    for (const { seq } of fresh) seen.add(seq);
    newest = Math.max(newest, fresh.at(-1)?.seq ?? 0);
    if (seen.size > 4 * OVERLAP) seen = new Set([...seen].filter((seq) => seq > newest - OVERLAP));
    for (const event of events) for (const listener of listeners) listener(event);
  };

  const poll = async (): Promise<void> => {
    if (polling || closed || listeners.size === 0) return;
    polling = true;
    try {
      await look();
    } catch (error) {
      log.warn({ err: error }, 'the streams could not be read; trying again');
    } finally {
      polling = false;
    }
  };

  const stop = () => {
    clearInterval(timer);
    timer = undefined;
    started = undefined;
  };

  return {
    async subscribe(listener) {
      listeners.add(listener);
      try {
        await (started ??= begin());
      } catch (error) {
        listeners.delete(listener);
        started = undefined;
        throw error;
      }
      timer ??= setInterval(() => void poll(), POLL_MS);
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) stop();
      };
    },
    wake: () => void poll(),
    close() {
      closed = true;
      stop();
    },
  };
}
