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

/** Tells everything behind `after` (default: from now on), without a gap between what was and what comes. */
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
    if (live) connection?.send(event);
    else buffered.push(event);
  });
  try {
    connection = open();
    for (;;) {
      const places = await placesAfter(db, place, PAGE);
      for (const event of await eventsAt(db, places, webUi)) if (connection.send(event)) sent.add(event.seq);
      place = places.at(-1)?.seq ?? place;
      if (places.length < PAGE) break;
    }
    for (const event of buffered) if (!sent.has(event.seq)) connection.send(event);
    live = true;
    await connection.closed;
  } finally {
    unsubscribe();
  }
}
