import type { Database } from '../../../db/client';
import {
  holdWatches,
  listenersMark,
  lockWatches,
  releaseWatches,
  setWatches,
  type HeldWatch,
  type WatchPlace,
} from '../../../db/kubernetes-watches';
import { keepWatching, type EventWatcherDeps, type WantedEvents } from './keep-watching';
import { listenersByConnection } from './listeners';

/**
 * Milliseconds between checks for triggers while no automation is listening. A changed definition causes an immediate
 * check.
 */
const QUIET_MS = 30_000;

/** Watches the events of the clusters that automations listen to. */
export interface EventWatcher {
  /** Renews the leases of watches, and starts or stops watches to match the triggers of the automations. */
  round(): Promise<void>;
  /** Makes the next round check for triggers. Call it when definitions have changed. */
  poke(): void;
  stop(): Promise<void>;
}

/**
 * Creates a watcher. Each cluster, or each namespace that a connection allows, has one database row, which one worker
 * leases. The row stores the resource version up to which events are in the change log. The version advances in the
 * transaction that appends the events, so this or another worker can resume a watch after the last delivered event.
 */
export function createEventWatcher(deps: EventWatcherDeps): EventWatcher {
  const { database, workerId, log } = deps;
  const running = new Map<string, { mark: string; controller: AbortController; ended: Promise<void> }>();
  let known = '';
  let listened: Listened = new Map();
  const wanted: WantedEvents = (connectionId) =>
    listened.get(connectionId)?.listeners.map(({ config }) => config) ?? [];
  let quietUntil = 0;
  let stopped = false;

  const begin = (watch: HeldWatch): void => {
    const key = keyOf(watch);
    const controller = new AbortController();
    const ended = keepWatching({ ...deps, wanted }, watch, controller.signal)
      .catch((error: unknown) => {
        if (!controller.signal.aborted) log.error({ err: error, watch: key }, 'a watch of Kubernetes ended');
      })
      .finally(() => running.delete(key));
    running.set(key, { mark: watch.connectionMark, controller, ended });
  };

  return {
    async round() {
      if (performance.now() < quietUntil) return;
      const { mark, isWatched } = await listenersMark(database.db);
      if (mark === known && !isWatched) {
        quietUntil = performance.now() + QUIET_MS;
        return;
      }
      if (mark !== known) listened = await followListeners(database);
      known = mark;
      const held = await holdWatches(database.db, workerId);
      const marks = new Map(held.map((watch) => [keyOf(watch), watch.connectionMark]));
      // Stop watches that this worker has lost. A watch whose connection has changed is also stopped; the next round
      // restarts it.
      for (const [key, one] of running) if (marks.get(key) !== one.mark) one.controller.abort();
      for (const watch of held) if (!stopped && !running.has(keyOf(watch))) begin(watch);
    },
    poke: () => void (quietUntil = 0),
    async stop() {
      stopped = true;
      for (const { controller } of running.values()) controller.abort();
      await Promise.all([...running.values()].map(({ ended }) => ended));
      await releaseWatches(database.db, workerId);
    },
  };
}

const keyOf = ({ connectionId, namespace }: WatchPlace): string => `${connectionId}/${namespace}`;

type Listened = Awaited<ReturnType<typeof listenersByConnection>>;

/** Updates the rows of watches to match the current automations. Returns the listening triggers of each connection. */
function followListeners({ db }: Database): Promise<Listened> {
  return db.transaction(async (tx) => {
    await lockWatches(tx);
    const listeners = await listenersByConnection(tx);
    const wanted = [...listeners.values()].flatMap(({ row }): WatchPlace[] => {
      const allowed = Array.isArray(row.config['namespaces']) ? (row.config['namespaces'] as string[]) : [];
      const namespaces = allowed.length === 0 ? [''] : [...new Set(allowed)];
      return namespaces.map((namespace) => ({ connectionId: row.id, namespace }));
    });
    await setWatches(tx, wanted);
    return listeners;
  });
}
