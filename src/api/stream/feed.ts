import type { Executor } from '../../db/executor';
import { createPositionTracker, type PositionTracker } from '../../db/position-tracker';
import { placesAfter } from '../../db/stream-queries';
import type { Logger } from '../../log';
import type { WebUi } from '../routes/run-schema';
import { eventsAt, resumeId, type StreamEvent } from './stream-event';

/**
 * Polling interval in milliseconds. Polling is necessary because changes of runs and steps send no notifications, and
 * because other notifications may be lost.
 */
const POLL_MS = 250;
/** Number of rows to read at a time. */
const PAGE = 200;

/** Positions whose events are not delivered: those after `after`, up to and including `until`. */
export interface Gap {
  after: number;
  until: number;
}

/** A reader of the feed. */
export interface FeedListener {
  /**
   * Receives an event. `id` is the position from which a reader resumes after it has received this event and all events
   * before it.
   */
  event(event: StreamEvent, id: number): void;
  gap(gap: Gap): void;
  /** Reports that everything at or below the position has been delivered. */
  settled(position: number): void;
}

export interface FeedSubscription {
  /** All rows at or below this position were committed before the subscription began. */
  settled: number;
  /** Newest position that was assigned before the subscription began. */
  last: number;
  end(): void;
}

/** Follows the database with one poll for all open streams of this process. */
export interface Feed {
  /**
   * Adds a listener. It receives all events that are committed after the promise resolves, and no events that were
   * committed before the call.
   */
  subscribe(listener: FeedListener): Promise<FeedSubscription>;
  /** Reads the log immediately. Call it when something was committed. */
  wake(): void;
  close(): void;
}

interface Position {
  tracker: PositionTracker;
  /** Delivered positions above the settled position. */
  seen: Set<number>;
  settled: number;
  last: number;
}

/** Creates a feed. It polls only while there are listeners. */
export function createFeed(deps: { db: Executor; webUi: WebUi; log: Logger }): Feed {
  const { log } = deps;
  const listeners = new Set<FeedListener>();
  let position: Position | undefined;
  let timer: NodeJS.Timeout | undefined;
  let joining = 0;
  let closed = false;

  const readLog = createFreshRound(async () => {
    position = await advance(deps, position, listeners);
  });
  const poll = (): void => {
    if (closed || listeners.size === 0) return;
    readLog().catch((error: unknown) => log.warn({ err: error }, 'failed to read the event streams; trying again'));
  };
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
    position = undefined;
  };
  const leave = (listener: FeedListener) => {
    listeners.delete(listener);
    if (listeners.size === 0 && joining === 0) stop();
  };

  return {
    async subscribe(listener) {
      joining += 1;
      try {
        await readLog();
      } finally {
        joining -= 1;
      }
      listeners.add(listener);
      timer ??= setInterval(poll, POLL_MS);
      const { settled = 0, last = 0 } = position ?? {};
      return { settled, last, end: () => leave(listener) };
    },
    wake: poll,
    close() {
      closed = true;
      stop();
    },
  };
}

/**
 * Returns a function that runs `work`. The promise that it returns settles when a run that started after the call has
 * ended. Concurrent calls share runs.
 */
function createFreshRound(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const start = () => (running = work().finally(() => (running = undefined)));
  return () => {
    if (running === undefined) return start();
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return start();
      });
    return next;
  };
}

/** Delivers the events since `position`. The first call only determines the position. */
async function advance(
  { db, webUi }: { db: Executor; webUi: WebUi },
  position: Position | undefined,
  listeners: ReadonlySet<FeedListener>,
): Promise<Position> {
  const tracker = position?.tracker ?? createPositionTracker(db);
  const seen = position?.seen ?? new Set<number>();
  const snapshot = await tracker.read();
  for (let after = snapshot.from; ;) {
    const places = await placesAfter(db, after, PAGE);
    const fresh = places.filter(({ seq }) => !seen.has(seq));
    const events = position === undefined ? [] : await eventsAt(db, fresh, webUi);
    for (const [index, event] of events.entries()) {
      const id = Math.min(snapshot.settled, resumeId(event, events[index + 1]));
      for (const listener of listeners) listener.event(event, id);
    }
    // Remember delivered positions page by page, so that they are not delivered again in the next round after an error.
    for (const { seq } of fresh) seen.add(seq);
    after = places.at(-1)?.seq ?? after;
    if (places.length < PAGE) break;
  }
  for (const listener of listeners) {
    if (snapshot.lost !== undefined) listener.gap(snapshot.lost);
    listener.settled(snapshot.settled);
  }
  for (const seq of seen) if (seq <= snapshot.settled) seen.delete(seq);
  snapshot.commit();
  return { tracker, seen, settled: snapshot.settled, last: snapshot.last };
}
