import { ProviderFailure } from '../provider-failure';

/** How many scripts run concurrently in this process, and how long others wait for their turn. */
export interface SlotLimits {
  atOnce: number;
  /** Maximum number of waiting scripts; the next one is refused. */
  mostWaiting: number;
  /** Milliseconds in the queue before a script is refused. */
  waitMs: number;
}

/** Runs `work` when a slot is free. Further calls wait in order of arrival. */
export type Slots = <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

/**
 * Creates the slots. A call throws {ProviderFailure} overloaded (retryable) when the queue is full or its turn does not
 * come within `waitMs`.
 */
export function createSlots({ atOnce, mostWaiting, waitMs }: SlotLimits): Slots {
  let busy = 0;
  const waiting: (() => void)[] = [];

  async function turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (busy < atOnce) {
      busy += 1;
      return;
    }
    if (waiting.length >= mostWaiting) throw overloaded(`${atOnce} scripts run and ${mostWaiting} wait already.`);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
    await new Promise<void>((resolve, reject) => {
      const enter = () => {
        limit.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        waiting.splice(waiting.indexOf(enter), 1);
        const reason: unknown = signal.reason;
        if (signal.aborted) reject(reason instanceof Error ? reason : new Error('Aborted'));
        else reject(overloaded(`None of ${atOnce} slots for scripts became free within ${waitMs} ms.`));
      };
      waiting.push(enter);
      limit.addEventListener('abort', leave, { once: true });
    });
  }

  return async (signal, work) => {
    await turn(signal);
    try {
      return await work();
    } finally {
      // The slot goes to the next in line, so that a later one does not overtake it.
      const next = waiting.shift();
      if (next === undefined) busy -= 1;
      else next();
    }
  };
}

const overloaded = (message: string) => new ProviderFailure('overloaded', message, { retryable: true });
