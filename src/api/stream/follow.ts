import type { Executor } from '../../db/executor';
import { placesAfter, type StreamPlace } from '../../db/stream-queries';
import type { WebUi } from '../routes/run-schema';
import type { StreamConnection } from './connection';
import type { Feed, FeedSubscription } from './feed';
import { eventsAt, resumeId } from './stream-event';

const PAGE = 100;
/** Maximum number of positions that a stream replays. A `gap` event reports that older positions are skipped. */
export const MAX_REPLAY = 10_000;
/**
 * Maximum number of events that may arrive while a reader catches up. If there are more, the reader is disconnected and
 * can resume.
 */
const MAX_HELD = 10_000;

interface FollowDeps {
  db: Executor;
  feed: Feed;
  webUi: WebUi;
}

/** Sends the events that are committed after position `after` (default: now) until the reader disconnects. */
export async function followAll(
  deps: FollowDeps,
  connection: StreamConnection,
  after: number | undefined,
): Promise<void> {
  const catchUp = createCatchUp(deps, connection);
  let live = false;
  const subscription = await deps.feed.subscribe({
    event(event, id) {
      if (!live) catchUp.hold(event);
      else if (!catchUp.sent.has(event.seq)) connection.send(event, id);
    },
    gap: (gap) => connection.gap(gap),
    settled: (position) => (live ? connection.settled(position) : undefined),
  });
  try {
    connection.begin(after ?? subscription.settled);
    if (after !== undefined) await catchUp.run(after, subscription);
    live = true;
    await connection.closed;
  } finally {
    subscription.end();
  }
}

/** Creates a reader of missed events. It reads them from the tables, as fast as the client receives them. */
function createCatchUp({ db, webUi }: FollowDeps, connection: StreamConnection) {
  /** Positions that were sent from the tables. The feed may deliver them again. */
  const sent = new Set<number>();
  const held: StreamPlace[] = [];

  const send = async (places: readonly StreamPlace[], after: number, { settled }: FeedSubscription) => {
    const events = await eventsAt(
      db,
      places.filter(({ seq }) => !sent.has(seq)),
      webUi,
    );
    for (const [index, event] of events.entries()) {
      if (!(await connection.ready())) return;
      connection.send(event, Math.max(after, Math.min(settled, resumeId(event, events[index + 1]))));
    }
    for (const { seq } of places) if (seq > settled) sent.add(seq);
  };

  return {
    sent: sent as ReadonlySet<number>,
    /** Holds back an event of the feed until the tables have been read. */
    hold({ seq, name }: { seq: number; name: StreamPlace['name'] | 'alert' }): void {
      // An alert event has the same position as the event of its entity, and is read along with it.
      if (name !== 'alert') held.push({ seq, name });
      if (held.length > MAX_HELD) connection.cut();
    },
    async run(after: number, subscription: FeedSubscription): Promise<void> {
      const oldest = subscription.last - MAX_REPLAY;
      let place = after;
      if (after < oldest || after > subscription.last) {
        place = Math.min(Math.max(after, oldest), subscription.last);
        connection.gap({ after, until: place });
      }
      const start = place;
      while (connection.isOpen) {
        const places = await placesAfter(db, place, PAGE);
        await send(places, start, subscription);
        place = places.at(-1)?.seq ?? place;
        if (places.length < PAGE) break;
      }
      while (connection.isOpen && held.length > 0) await send(held.splice(0, PAGE), start, subscription);
    },
  };
}
