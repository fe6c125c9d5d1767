import { sql } from 'drizzle-orm';
import { until } from '../test/support/until';
import type { Stack } from './stack';
import type { Volume } from './statistics';

/** The fields that differ between the bench's events. */
export interface BenchEvent {
  type: string;
  subject: string;
  data: Record<string, unknown>;
}

let posted = 0;

const cloudEvent = (event: BenchEvent) => ({
  specversion: '1.0',
  id: String((posted += 1)),
  source: 'urn:bench',
  ...event,
});

/** Posts events to `/api/v1/events`. Two or more events are sent as one batch. */
export async function postEvents(stack: Stack, events: readonly BenchEvent[]): Promise<void> {
  const [first, ...others] = events.map(cloudEvent);
  if (others.length === 0) await stack.post('/api/v1/events', 'application/cloudevents+json', first);
  else await stack.post('/api/v1/events', 'application/cloudevents-batch+json', [first, ...others]);
}

/** Waits until all changes have been routed. */
export async function allRouted({ database }: Stack): Promise<void> {
  const routed = async () => {
    const result = await database.db.execute(sql`select 1 from changes where routed_at is null limit 1`);
    return result.rowCount === 0;
  };
  await until('every event is routed', routed, 60_000);
}

/** A load of events that start no runs. */
export interface EventLoad {
  /** CloudEvents type. */
  type: string;
  /** Number of events in a request. */
  batch: number;
  /** Maximum number of concurrent requests. */
  atATime: number;
  seconds: number;
}

/**
 * Posts events for `seconds` seconds, and waits until all accepted events have been routed. Returns the number of
 * accepted events and the total time.
 */
export async function postFor(stack: Stack, { type, batch, atATime, seconds }: EventLoad): Promise<Volume> {
  const begin = performance.now();
  let count = 0;
  const lane = async (_: unknown, lane: number) => {
    while (performance.now() - begin < seconds * 1000) {
      const events = Array.from({ length: batch }, (_, n) => ({
        type,
        subject: `host-${lane}-${n}`,
        data: { level: 'low', value: n },
      }));
      await postEvents(stack, events);
      count += batch;
    }
  };
  await Promise.all(Array.from({ length: atATime }, lane));
  await allRouted(stack);
  return { count, ms: performance.now() - begin };
}
