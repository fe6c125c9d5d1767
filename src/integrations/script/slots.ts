import { ProviderFailure } from '../provider-failure';

/** Limits for the scripts of this process that run concurrently or wait for a slot. */
export interface SlotLimits {
  atOnce: number;
  /** Maximum number of waiting scripts. Further scripts are refused. */
  maxWaiting: number;
  /** Milliseconds in the queue after which a script is refused. */
  waitMs: number;
}

/** Runs `work` as soon as a slot is free. Calls that have to wait are served in order of arrival. */
export type Slots = <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

/**
 * Creates `atOnce` slots. A call throws {ProviderFailure} overloaded (retryable) when the queue is full or no slot
 * becomes free within `waitMs`, and the signal's abort reason when the signal aborts before a slot is free.
 */
export function createSlots({ atOnce, maxWaiting, waitMs }: SlotLimits): Slots {
  let busy = 0;
  const waiting: (() => void)[] = [];

  async function turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (busy < atOnce) {
      busy += 1;
      return;
    }
    if (waiting.length >= maxWaiting) throw overloaded(`${atOnce} scripts are running and ${maxWaiting} are waiting.`);
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
        else reject(overloaded(`None of the ${atOnce} script slots became free within ${waitMs} ms.`));
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
      // Pass the slot directly to the next waiting call, so that no new call overtakes it.
      const next = waiting.shift();
      if (next === undefined) busy -= 1;
      else next();
    }
  };
}

const overloaded = (message: string) => new ProviderFailure('overloaded', message, { retryable: true });
