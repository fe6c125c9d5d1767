import { setTimeout as pause } from 'node:timers/promises';
import type { Change, Occurrence } from '../domain/entities/change';
import { messageOf } from '../domain/errors';
import { hears, type EntityListener } from '../domain/registry/entity-listener';
import { normalizeEvent } from '../domain/registry/registry';
import { SCHEDULE_KIND } from '../domain/schedules/schedule-messages';
import type { Candidate } from './routing-index';
import { isDatabaseAway } from '../db/availability';
import { entityKey, readUnrouted, type UnroutedChange } from './change-reader';
import { noteFailure } from './dead-letters';
import type { IndexFollower } from './index-follower';
import type { Leases } from './leases';
import { markRouted, type Fenced } from './mark-routed';
import { occurrencesOf } from '../domain/entities/occurrences';
import { inLanes } from './in-lanes';
import { Sleeper } from './sleeper';
import { wakeWaits, type Told, type WakeDeps } from './wake-waits';
import { routeChange, type RouteDeps, type Routed } from './route-change';

const BATCH = 500;
/** Entities routed at a time. */
const CONCURRENT = 8;
const POLL_MS = 1_000;
const RENEW_MS = 1_500;
const PAUSE_AFTER_FAULT_MS = 500;
/** What a listener of a plugin may take. */
const LISTENER_MS = 30_000;
/** Under load, changes that come within this time of a read share the next one. */
const READ_EVERY_MS = 5;

export interface DispatcherDeps extends RouteDeps, WakeDeps {
  follower: IndexFollower;
  leases: Leases;
  /** Told of how long each change waited to be looked at, for the metrics. */
  onRouted: (lagSeconds: number) => void;
}

export interface Dispatcher {
  /** Changes may have been appended. */
  poke(): void;
  /** Finishes what it is at, writes the reasons, gives the leases back. */
  stop(): Promise<void>;
}

interface Routable extends Routed, Told {
  attempts: number;
  /** Of plugins, that hear of it before it is routed. */
  listeners: readonly EntityListener[];
}

/** Reads the change log and routes it: one loop a process, any number of processes. */
export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  const { database, leases, log, workerId } = deps;
  let stopped = false;
  let poked = false;
  const routing = new Sleeper();
  const renewing = new Sleeper();
  const queued = deps.registry.listeners().filter(({ mode }) => mode === 'work-queue');
  /** Entities with a change that rests after a failure → until when. */
  const resting = new Map<string, { kind: string; id: string; until: number }>();

  const renewLoop = async (): Promise<void> => {
    while (!stopped) {
      await leases.renew().catch((error: unknown) => log.warn({ reason: messageOf(error) }, 'leases not renewed'));
      routing.wake();
      if (!stopped) await renewing.sleep(RENEW_MS);
    }
  };

  const routeLoop = async (): Promise<void> => {
    while (!stopped) {
      try {
        const since = Date.now();
        poked = false;
        // What was committed after a batch was read pokes; only a full batch tells that there was more before.
        const full = (await routeBatch()) === BATCH;
        if (!full && !poked && !stopped) await routing.sleep(POLL_MS);
        const left = since + READ_EVERY_MS - Date.now();
        if (!full && left > 0 && !stopped) await pause(left);
      } catch (error) {
        if (isDatabaseAway(error)) log.warn({ reason: messageOf(error) }, 'routing pauses until Postgres is back');
        else log.error({ err: error }, 'routing failed; trying again');
        if (!stopped) await routing.sleep(PAUSE_AFTER_FAULT_MS);
      }
    }
  };

  /** Returns how many changes were read. */
  const routeBatch = async (): Promise<number> => {
    const held = leases.held();
    if (held.size === 0) return 0;
    for (const [key, rest] of resting) if (rest.until <= Date.now()) resting.delete(key);
    const exceptions = [...resting.values()].map(({ kind, id }) => ({ kind, id }));
    const { changes, revision, anyWaits } = await readUnrouted(database.db, held.keys(), exceptions, BATCH);
    await deps.follower.catchUp(revision);
    const byEntity = new Map<string, Routable[]>();
    const prepared = changes.flatMap((unrouted) => prepare(unrouted, held) ?? []);
    if (anyWaits) await wakeWaits(deps, prepared);
    const unheard: Fenced[] = [];
    /** Entities of which a change in this batch may arm a dwell, that a later one must find. */
    const arming = new Set<string>();
    for (const routable of prepared) {
      const key = entityKey(routable.change);
      if (arming.has(key)) routable.hasDwells = true;
      if (routable.candidates.some(({ candidate }) => candidate.trigger.for !== undefined)) arming.add(key);
      const isHeard = routable.candidates.length > 0 || routable.hasDwells || routable.listeners.length > 0;
      if (!isHeard) unheard.push(routable.fence);
      else byEntity.set(key, [...(byEntity.get(key) ?? []), routable]);
    }
    await Promise.all([markRouted(database.db, workerId, unheard), routeEntities([...byEntity.values()])]);
    return changes.length;
  };

  const prepare = (unrouted: UnroutedChange, held: ReadonlyMap<number, number>): Routable | null => {
    const { change, partition, attempts, nextAttemptAt, hasDwells, isRetried } = unrouted;
    const key = entityKey(change);
    if (resting.has(key)) return null;
    if (nextAttemptAt !== null && nextAttemptAt.getTime() > Date.now()) {
      resting.set(key, { kind: change.kind, id: change.id, until: nextAttemptAt.getTime() });
      return null;
    }
    const epoch = held.get(partition);
    if (epoch === undefined) return null;
    if (attempts === 0) deps.onRouted(unrouted.lagSeconds);
    const occurrences = occurrencesOf(change, deps.registry, (message) =>
      log.error({ changeId: change.changeId, kind: change.kind, reason: message }, 'a deriver threw'),
    );
    const candidates = occurrences.flatMap((occurrence) =>
      candidatesOf(change, occurrence).map((candidate) => ({ candidate, occurrence })),
    );
    const listeners = change.shape === 'entity' ? queued.filter((each) => hears(each, change)) : [];
    const fence = { seq: change.seq, partition, epoch };
    return { change, attempts, occurrences, candidates, hasDwells, isRetried, listeners, fence };
  };

  /** A scheduled time is for its own trigger alone. */
  const candidatesOf = (change: Change, { event, payload }: Occurrence): Candidate[] => {
    if (change.kind !== SCHEDULE_KIND) return deps.index.candidates(event, payload);
    const [automationId = '', triggerId = ''] = change.id.split('/');
    const own = deps.index.find(automationId, triggerId);
    return own && normalizeEvent(own.trigger.event) === event ? [own] : [];
  };

  /** Entities side by side, the changes of one entity one after another. */
  const routeEntities = async (entities: Routable[][]): Promise<void> => {
    const silent: Fenced[] = [];
    await inLanes(entities, CONCURRENT, async (changes) => {
      for (const routable of changes) if (!(await routeOne(routable, silent))) break;
    });
    await markRouted(database.db, workerId, silent);
  };

  /** False = later changes of this entity must wait. */
  const routeOne = async (routable: Routable, silent: Fenced[]): Promise<boolean> => {
    const { change, fence, attempts, listeners } = routable;
    try {
      if (change.shape === 'entity') for (const { handler } of listeners) await within(handler(change));
      if (!(await routeChange(deps, routable))) silent.push(fence);
      return true;
    } catch (error) {
      if (isDatabaseAway(error)) throw error;
      log.error({ err: error, changeId: change.changeId }, 'a change failed by itself');
      const outcome = await noteFailure(database.db, workerId, { ...fence, attempts }, messageOf(error));
      return outcome === 'set_aside';
    }
  };

  const loops = [renewLoop(), routeLoop()];
  return {
    poke() {
      poked = true;
      routing.wake();
    },
    async stop() {
      stopped = true;
      routing.wake();
      renewing.wake();
      await Promise.all(loops);
      await leases.release().catch(() => undefined);
      await deps.evaluations.close();
    },
  };
}

/** @throws {Error} after a time, so that one listener cannot hold up a partition for ever */
async function within(work: Promise<void> | void): Promise<void> {
  if (work === undefined) return;
  const timer = new AbortController();
  const late = pause(LISTENER_MS, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`A listener took longer than ${LISTENER_MS / 1_000} s`);
  });
  await Promise.race([work, late]).finally(() => timer.abort());
}
