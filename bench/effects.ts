import { z } from 'zod';
import { startReceiver } from '../test/support/receiver';

const Effect = z.object({ run: z.string(), step: z.coerce.number() });

/** If a run takes more than this many milliseconds, the bench fails. */
const DEADLINE_MS = 60_000;

/** The HTTP server that receives all requests. */
export interface Effects {
  url: string;
  /**
   * Resolves when `count` different steps of a run have sent their requests. Returns the time at which the last of
   * these requests arrived (`performance.now()`).
   */
  expect(run: string, count: number): Promise<number>;
  close(): Promise<void>;
}

interface Waiting {
  missing: number;
  seen: Set<number>;
  arrived: (at: number) => void;
}

/** Starts an HTTP server that accepts `{run, step}` and answers immediately. */
export async function startEffects(): Promise<Effects> {
  const receiver = await startReceiver();
  const waiting = new Map<string, Waiting>();
  receiver.answerWith(({ body }, response) => {
    const at = performance.now();
    response.end('ok');
    const { run, step } = Effect.parse(JSON.parse(body));
    const entry = waiting.get(run);
    if (!entry || entry.seen.has(step)) return;
    entry.seen.add(step);
    if (entry.seen.size === entry.missing) entry.arrived(at);
  });
  return {
    url: receiver.url,
    expect: (run, count) =>
      new Promise((resolve, reject) => {
        const end = (settle: () => void) => {
          clearTimeout(timer);
          waiting.delete(run);
          settle();
        };
        const late = () => reject(new Error(`${run}: not all ${count} requests arrived within ${DEADLINE_MS} ms`));
        const timer = setTimeout(() => end(late), DEADLINE_MS);
        waiting.set(run, { missing: count, seen: new Set(), arrived: (at) => end(() => resolve(at)) });
      }),
    close: () => receiver.close(),
  };
}
