import type { Change } from '../domain/entities/change';
import type { EntityListener } from '../domain/registry/entity-listener';
import { messageOf } from '../domain/errors';

/** Timeout of a plugin's listener, in milliseconds. */
const LISTENER_MS = 30_000;
/** Milliseconds for which routing waits for the listeners of a change. */
const GRACE_MS = 200;
/** Maximum number of changes whose listeners are being called or whose results have not been used. */
const MAX_CALLS = 50;
/** Milliseconds for which the result of a call is kept if the change is not routed again by this worker. */
const KEPT_MS = 60_000;

/** Thrown when the listener of a plugin fails. */
export class ListenerFailure extends Error {
  override readonly name = 'ListenerFailure';
}

/** Calls the listeners of plugins before their changes are routed. */
export interface ListenerCalls {
  /**
   * Calls the listeners of a change, one after another. Returns true when all of them have finished. Returns false when
   * they take longer than 200 ms, or when 50 other changes have calls in progress or unused results. The caller must
   * then call `notify` again later, before it routes the change. Listeners that are being called are not called a
   * second time.
   * @throws {ListenerFailure} when one of them throws or takes longer than 30 s
   */
  notify(change: Change, listeners: readonly EntityListener[]): Promise<boolean>;
}

/** How the listeners of a change have ended; `error` is undefined when all of them succeeded. */
interface Ended {
  error?: ListenerFailure;
}

export function createListenerCalls(): ListenerCalls {
  /** Calls in progress, and results that have not been used, by change id. */
  const calls = new Map<string, Promise<Ended>>();
  const begin = (change: Extract<Change, { shape: 'entity' }>, listeners: readonly EntityListener[]) => {
    const { changeId } = change;
    const call = callAll(change, listeners);
    calls.set(changeId, call);
    const forget = () => void (calls.get(changeId) === call && calls.delete(changeId));
    void call.then(() => setTimeout(forget, KEPT_MS).unref());
    return call;
  };
  return {
    async notify(change, listeners) {
      if (change.shape !== 'entity' || listeners.length === 0) return true;
      const known = calls.get(change.changeId);
      if (known === undefined && calls.size >= MAX_CALLS) return false;
      const ended = await within(known ?? begin(change, listeners), known === undefined ? GRACE_MS : 0);
      if (ended === undefined) return false;
      calls.delete(change.changeId);
      if (ended.error !== undefined) throw ended.error;
      return true;
    },
  };
}

async function callAll(
  change: Extract<Change, { shape: 'entity' }>,
  listeners: readonly EntityListener[],
): Promise<Ended> {
  try {
    for (const { handler } of listeners) {
      const done = await within(
        Promise.resolve(handler(change)).then(() => true),
        LISTENER_MS,
      );
      if (done === undefined) throw new Error(`A listener took longer than ${LISTENER_MS / 1_000} s`);
    }
    return {};
  } catch (error) {
    return { error: new ListenerFailure(messageOf(error), { cause: error }) };
  }
}

/** Returns the result of `work`, or undefined when it takes longer than `ms` milliseconds. */
async function within<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms).unref();
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
