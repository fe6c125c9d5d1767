import { z } from 'zod';
import { startReceiver } from '../test/support/receiver';

const Effect = z.object({ run: z.string(), step: z.coerce.number() });

/** Longest time that a run may take before the bench gives up. */
const DEADLINE_MS = 60_000;

/** The receiver of all requests. */
export interface Effects {
  url: string;
  /** Resolves when the last of so many different steps of a run has arrived, with the instant (`performance.now()`). */
  expect(run: string, count: number): Promise<number>;
  close(): Promise<void>;
}

interface Waiting {
  missing: number;
  seen: Set<number>;
  arrived: (at: number) => void;
}

/** Starts an HTTP server that takes `{run, step}` and answers at once. */
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
