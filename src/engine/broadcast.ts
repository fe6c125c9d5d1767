import type { Executor } from '../db/executor';
import { createPositionTracker } from '../db/position-tracker';
import { entityChangesAfter } from '../db/stream-queries';
import type { Change } from '../domain/entities/change';
import { messageOf } from '../domain/errors';
import { listensTo, type EntityListener } from '../domain/registry/entity-listener';
import type { Logger } from '../log';
import { createSweep, type Sweep } from './sweep';

const POLL_MS = 500;
const PAGE = 500;

/**
 * Calls this process's listeners in `broadcast` mode for every state change that is committed from now on. When a
 * listener throws, the error is logged and the listener keeps receiving changes.
 */
export function createBroadcast(deps: { db: Executor; listeners: readonly EntityListener[]; log: Logger }): Sweep {
  const { db, log } = deps;
  const listeners = deps.listeners.filter(({ mode }) => mode === 'broadcast');
  if (listeners.length === 0) return { poke: () => undefined, stop: () => Promise.resolve() };
  const tracker = createPositionTracker(db);
  const seen = new Set<number>();
  let started = false;

  const call = async (change: Change): Promise<void> => {
    for (const listener of listeners) {
      if (change.shape !== 'entity' || !listensTo(listener, change)) continue;
      try {
        await listener.handler(change);
      } catch (error) {
        log.error({ err: error, changeId: change.changeId }, 'a listener of a plugin threw');
      }
    }
  };
  const deliver = async (): Promise<void> => {
    const position = await tracker.read();
    for (let after = position.from; ;) {
      const changes = await entityChangesAfter(db, after, PAGE);
      for (const change of changes) {
        if (seen.has(change.seq)) continue;
        seen.add(change.seq);
        if (started) await call(change);
      }
      after = changes.at(-1)?.seq ?? after;
      if (changes.length < PAGE) break;
    }
    if (position.lost !== undefined)
      log.warn(position.lost, 'a transaction has stayed open too long; listeners may miss its changes');
    for (const seq of seen) if (seq <= position.settled) seen.delete(seq);
    started = true;
    position.commit();
  };

  return createSweep({
    everyMs: POLL_MS,
    async work() {
      await deliver();
      return false;
    },
    onError: (error) => log.warn({ reason: messageOf(error) }, 'failed to read changes for listeners; trying again'),
  });
}
