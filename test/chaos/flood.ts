import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Engine } from '../support/engine';
import type { Received } from '../support/receiver';

/** Number of events in one request. */
const BATCH = 20;
/**
 * Maximum number of concurrent requests. Once this many are open, the sender waits for a response before it sends more,
 * like a client with a connection pool.
 */
const MAX_REQUESTS = 200;
const REQUEST_TIMEOUT_MS = 60_000;

/** A refusal by the API. */
interface Refusal {
  status: number;
  retryAfter: string | null;
  code: unknown;
}

/** Sends events to the API and records the events whose requests arrive at the receiver. */
export interface Flood {
  /**
   * Posts one event. Returns the milliseconds until its request arrives at the receiver.
   * @throws {Error} when the API refuses the event
   */
  once(type: string): Promise<number>;
  /** Posts events of these types in turn at a fixed pace, even while earlier events are still in progress. */
  atPace(types: readonly string[], perSecond: number, seconds: number): Promise<void>;
  /** Posts `count` events as fast as they are accepted. */
  burst(types: readonly string[], count: number): Promise<void>;
  /** Events that the API accepted with a 2xx status. */
  readonly accepted: ReadonlySet<string>;
  readonly refusals: readonly Refusal[];
  /** Events whose requests have arrived, each with the idempotency keys of these requests. */
  readonly arrived: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * Creates a sender for `/api/v1/events`. Each event has a different subject, which is the path of the request that its
 * run sends to the receiver.
 */
export function createFlood(engine: Engine, api: { url: string }): Flood {
  const accepted = new Set<string>();
  const refusals: Refusal[] = [];
  const arrived = new Map<string, Set<string>>();
  const expected = new Map<string, () => void>();
  let count = 0;

  engine.receiver.answerWith(({ path, key }: Received, response) => {
    response.end('ok');
    // Keep only counts. Complete requests of several hundred thousand runs would not fit into the memory of the test.
    engine.receiver.received.length = 0;
    const subject = path.slice(1);
    arrived.set(subject, (arrived.get(subject) ?? new Set()).add(key));
    expected.get(subject)?.();
  });

  const make = (type: string) => {
    const subject = `${type}-${(count += 1)}`;
    return { specversion: '1.0', source: 'urn:chaos', id: randomUUID(), type, subject, data: {} };
  };

  const post = async (events: readonly ReturnType<typeof make>[]): Promise<boolean> => {
    const answer = await fetch(`${api.url}/api/v1/events`, {
      method: 'POST',
      headers: {
        'content-type': 'application/cloudevents-batch+json',
        authorization: engine.authorization,
      },
      body: JSON.stringify(events),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const text = await answer.text();
    if (answer.ok) {
      for (const { subject } of events) accepted.add(subject);
      return true;
    }
    const { code } = JSON.parse(text) as { code?: unknown };
    refusals.push({ status: answer.status, retryAfter: answer.headers.get('retry-after'), code });
    return false;
  };

  const batchOf = (types: readonly string[], size: number) =>
    Array.from({ length: size }, () => make(types[count % types.length] ?? ''));

  return {
    accepted,
    refusals,
    arrived,
    async once(type) {
      const event = make(type);
      const arrival = new Promise<void>((resolve) => expected.set(event.subject, resolve));
      const before = performance.now();
      if (!(await post([event]))) throw new Error(`refused: ${JSON.stringify(refusals.at(-1))}`);
      await arrival;
      expected.delete(event.subject);
      return performance.now() - before;
    },
    async atPace(types, perSecond, seconds) {
      const begin = performance.now();
      const inProgress = new Set<Promise<boolean>>();
      for (let sent = 0; sent < perSecond * seconds; sent += BATCH) {
        await pause(Math.max(0, begin + (sent * 1000) / perSecond - performance.now()));
        if (performance.now() - begin > seconds * 1000) break;
        if (inProgress.size >= MAX_REQUESTS) await Promise.race(inProgress);
        const request = post(batchOf(types, BATCH)).finally(() => inProgress.delete(request));
        inProgress.add(request);
      }
      await Promise.all(inProgress);
    },
    async burst(types, size) {
      const batches = Array.from({ length: Math.ceil(size / BATCH) }, () => batchOf(types, BATCH));
      await Promise.all(batches.map(post));
    },
  };
}
