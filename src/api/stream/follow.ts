import type { Executor } from '../../db/executor';
import { lastSeq, placesAfter } from '../../db/stream-queries';
import type { WebUi } from '../routes/run-schema';
import type { StreamConnection } from './connection';
import type { Feed } from './feed';
import { eventsAt, type StreamEvent } from './stream-event';

const PAGE = 500;

interface FollowDeps {
  db: Executor;
  feed: Feed;
  webUi: WebUi;
}

/** Sends everything after `after` (default: from now on), without a gap or a repeat between what was and what comes. */
export async function followAll(
  deps: FollowDeps,
  open: () => StreamConnection,
  after: number | undefined,
): Promise<void> {
  const { db, feed, webUi } = deps;
  let place = after ?? (await lastSeq(db));
  let connection: StreamConnection | undefined;
  const buffered: StreamEvent[] = [];
  const sent = new Set<number>();
  let live = false;
  const unsubscribe = await feed.subscribe((event) => {
    if (!live) buffered.push(event);
    // The feed may deliver what was read from the tables just before.
    else if (!sent.delete(event.seq)) connection?.send(event);
  });
  try {
    connection = open();
    for (;;) {
      const places = await placesAfter(db, place, PAGE);
      for (const event of await eventsAt(db, places, webUi)) if (connection.send(event)) sent.add(event.seq);
      place = places.at(-1)?.seq ?? place;
      if (places.length < PAGE) break;
    }
    for (const event of buffered) if (!sent.delete(event.seq)) connection.send(event);
    live = true;
    await connection.closed;
  } finally {
    unsubscribe();
  }
}
