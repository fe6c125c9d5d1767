import type { Executor } from '../db/executor';
import { entityChangesAfter, lastSeq } from '../db/stream-queries';
import { messageOf } from '../domain/errors';
import { hears, type EntityListener } from '../domain/registry/entity-listener';
import type { Logger } from '../log';
import { createSweep, type Sweep } from './sweep';

const POLL_MS = 500;
/** A place in the log is drawn before its transaction commits: so far back it is read again for late ones. */
const OVERLAP = 2_000;
const PAGE = 5_000;

/** Tells the listeners of this process of every change of state from now on. One that throws is reported and goes on hearing. */
export function createBroadcast(deps: { db: Executor; listeners: readonly EntityListener[]; log: Logger }): Sweep {
  const { db, log } = deps;
  const listeners = deps.listeners.filter(({ mode }) => mode === 'broadcast');
  if (listeners.length === 0) return { poke: () => undefined, stop: () => Promise.resolve() };
  let seen: Set<number> | undefined;
  let newest = 0;

  const look = async (): Promise<void> => {
    if (seen === undefined) {
      newest = await lastSeq(db);
      seen = new Set((await entityChangesAfter(db, newest - OVERLAP, PAGE)).map(({ seq }) => seq));
    }
    for (const change of await entityChangesAfter(db, newest - OVERLAP, PAGE)) {
      if (change.shape !== 'entity' || seen.has(change.seq)) continue;
      seen.add(change.seq);
      newest = Math.max(newest, change.seq);
      for (const listener of listeners) {
        if (!hears(listener, change)) continue;
        try {
          await listener.handler(change);
        } catch (error) {
          log.error({ err: error, changeId: change.changeId }, 'a listener of a plugin threw');
        }
      }
    }
    if (seen.size > 4 * OVERLAP) seen = new Set([...seen].filter((seq) => seq > newest - OVERLAP));
  };

  return createSweep({
    everyMs: POLL_MS,
    async work() {
      await look();
      return false;
    },
    onError: (error) => log.warn({ reason: messageOf(error) }, 'listeners wait for Postgres'),
  });
}
