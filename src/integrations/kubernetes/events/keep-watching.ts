import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '../../../db/client';
import { appendChanges } from '../../../db/change-log';
import { findConnection } from '../../../db/connections';
import { moveWatch, type HeldWatch } from '../../../db/kubernetes-watches';
import type { Notifier } from '../../../db/notifier';
import type { Clock } from '../../../domain/clock';
import { toStorable } from '../../../domain/entities/storable';
import { FermataError, messageOf } from '../../../domain/errors';
import type { SecretUse } from '../../../domain/secrets/binding';
import { withBoundSecrets } from '../../../edges/egress/bound-secrets';
import type { Egress } from '../../../edges/egress/egress';
import type { Logger } from '../../../log';
import type { OpenConnection } from '../../connections/open-connection';
import { clusterOf, createKubernetesClient, createKubernetesWatch, KubernetesConnection } from '../client';
import { contextKeyOf, payloadOf } from './event';
import { listenersByConnection } from './listeners';
import { isWanted } from './match';
import { Expired, listEvents, watchEvents, type Batch, type Source } from './watch-stream';

const EVENT = 'kubernetes.event';
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 60_000;
/** Maximum number of changes to append in one transaction. */
const CHUNK = 500;
const CAUSE = { actor: { type: 'system', id: 'kubernetes' }, causedBy: null, depth: 0 } as const;

export interface EventWatcherDeps {
  database: Database;
  egress: Egress;
  clock: Clock;
  notifier: Pick<Notifier, 'changes'>;
  log: Logger;
  workerId: string;
  openConnection(type: string, id: string, use: SecretUse): Promise<OpenConnection>;
}

/**
 * Returns the configs of the triggers that are currently listening to a connection. Events that match none of them are
 * not stored.
 */
export type WantedEvents = (connectionId: string) => readonly Record<string, unknown>[];

interface WatchDeps extends EventWatcherDeps {
  wanted: WantedEvents;
}

/** Thrown when another worker has taken over the watch, or no automation needs it. */
class Lost extends Error {
  override readonly name = 'Lost';
}

/**
 * Watches a cluster or namespace until the signal aborts or the watch is lost. A new watch delivers only future events.
 * After a 410, first lists the events later than the last delivered event.
 */
export async function keepWatching(deps: WatchDeps, held: HeldWatch, signal: AbortSignal): Promise<void> {
  const { log } = deps;
  const watch = { ...held };
  const state = { pauseMs: FIRST_PAUSE_MS, mustList: false };
  while (!signal.aborted) {
    try {
      await watchOnce(deps, watch, state, signal);
    } catch (error) {
      if (signal.aborted || error instanceof Lost) return;
      const { connectionId, namespace } = watch;
      const about = { connectionId, ...(namespace && { namespace }), reason: messageOf(error) };
      if (error instanceof Expired) {
        state.mustList = true;
        log.info(about, 'listing the events of a cluster again');
      } else {
        state.pauseMs = Math.min(state.pauseMs * 2, MAX_PAUSE_MS);
        log.warn(about, 'a watch of Kubernetes failed; trying again');
      }
    }
    // Also pause after a watch that ended normally, because a server may end every watch immediately.
    await pause(state.pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

async function watchOnce(
  deps: WatchDeps,
  watch: HeldWatch,
  state: { pauseMs: number; mustList: boolean },
  signal: AbortSignal,
): Promise<void> {
  const { connection, name } = await openWatched(deps, watch, signal);
  const config = KubernetesConnection.parse(connection.config);
  const cluster = await clusterOf(config);
  const { egress, clock } = deps;
  const source: Source = {
    ...{ kubernetes: createKubernetesClient(egress), watch: createKubernetesWatch(egress), config },
    ...{ namespace: watch.namespace, signal, now: clock.now() },
  };
  const deliver = (batch: Batch) => deliverBatch(deps, watch, { batch, name, cluster });
  await withBoundSecrets(connection.bound, async () => {
    // A resource version is only valid in the cluster that issued it.
    const after = watch.cluster === cluster ? watch.resourceVersion : null;
    if (state.mustList || after === null) await deliver(await listEvents(source, after));
    Object.assign(state, { mustList: false, pauseMs: FIRST_PAUSE_MS });
    if (watch.resourceVersion !== null) await watchEvents(source, watch.resourceVersion, deliver);
  });
}

/**
 * Opens the connection on behalf of the first automation that may use its secrets.
 * @throws {FermataError} secret_not_allowed when no automation may use them
 * @throws {Lost} when no automation needs the watch
 */
async function openWatched(
  { database, openConnection }: EventWatcherDeps,
  { connectionId }: HeldWatch,
  signal: AbortSignal,
) {
  const row = await findConnection(database.db, connectionId);
  const listened = (await listenersByConnection(database.db)).get(connectionId);
  if (row === null || listened === undefined) throw new Lost('No automation uses the watch.');
  let refusal: unknown;
  for (const { automation } of listened.listeners) {
    signal.throwIfAborted();
    try {
      const connection = await openConnection('kubernetes', row.id, { automation, action: EVENT, way: 'call' });
      return { connection, name: row.name };
    } catch (error) {
      if (!(error instanceof FermataError) || error.code !== 'secret_not_allowed') throw error;
      refusal = error;
    }
  }
  throw refusal;
}

/**
 * Appends the events of a batch in chunks, and advances the watch with each chunk.
 * @throws {Lost} when another worker has taken over the watch
 */
async function deliverBatch(
  { database, workerId, clock, notifier, wanted }: WatchDeps,
  watch: HeldWatch,
  { batch, name, cluster }: { batch: Batch; name: string; cluster: string },
): Promise<void> {
  const { events } = batch;
  for (let start = 0; start === 0 || start < events.length; start += CHUNK) {
    const chunk = events.slice(start, start + CHUNK);
    const isLast = start + CHUNK >= events.length;
    const to = isLast ? batch.to : (chunk.at(-1)?.metadata.resourceVersion ?? batch.to);
    const occurredAt = clock.now();
    const configs = wanted(watch.connectionId);
    const changes = chunk.flatMap((event) => {
      const payload = toStorable(payloadOf(event, { id: watch.connectionId, name }));
      if (!isWanted(payload, configs)) return [];
      const contextKey = contextKeyOf(payload);
      const id = `${watch.connectionId}/${contextKey}`;
      return { kind: EVENT, id, event: EVENT, payload, contextKey, occurredAt, cause: CAUSE };
    });
    await database.db.transaction(async (tx) => {
      if (!(await moveWatch(tx, watch, { to, cluster, workerId }))) throw new Lost('Another worker watches.');
      await appendChanges(tx, changes);
    });
    Object.assign(watch, { resourceVersion: to, cluster });
    if (changes.length > 0) notifier.changes();
  }
}
