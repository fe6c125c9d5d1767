import { setTimeout as pause } from 'node:timers/promises';
import type { Change, Occurrence } from '../domain/entities/change';
import type { Clock } from '../domain/clock';
import { messageOf } from '../domain/errors';
import { hears } from '../domain/registry/entity-listener';
import { normalizeEvent } from '../domain/registry/registry';
import { SCHEDULE_KIND } from '../domain/schedules/schedule-messages';
import type { Candidate } from './routing-index';
import type { NewRouting } from '../db/routings';
import { refused } from './gates/gates';
import { routingOf } from './gates/survivors';
import { isDatabaseAway } from '../db/availability';
import { entityKey, readUnrouted, type UnroutedChange } from './change-reader';
import type { Fleet } from './fleet';
import { createHandover } from './handover';
import type { IndexFollower } from './index-follower';
import type { Leases } from './leases';
import { markRouted, type Fenced } from '../db/mark-routed';
import { occurrencesOf } from '../domain/entities/occurrences';
import type { LoopWatch } from './loop-watch';
import { Sleeper } from './sleeper';
import { wakeWaits, type Told, type WakeDeps } from './wake-waits';
import { routeInBatches, type Routable } from './batch-router';
import type { RouteDeps } from './route-batch';

const BATCH = 500;
/** While there is a backlog: small, so that a change of something else is read soon. */
const FAIR_BATCH = 256;
/** Waits that are recorded of one change. */
const MOST_WAITS = 200;
const POLL_MS = 1_000;
const RENEW_MS = 1_500;
/** With workers that have other plugins, partitions change hands more often. */
const RENEW_MIXED_MS = 300;
/** A change that waits for a worker that knows its trigger is read again after this time. */
const HOLD_MS = 1_000;
const PAUSE_AFTER_FAULT_MS = 500;
/** Under load, changes that come within this time of a read share the next one. */
const READ_EVERY_MS = 5;

export interface DispatcherDeps extends RouteDeps, WakeDeps {
  follower: IndexFollower;
  leases: Leases;
  fleet: Fleet;
  clock: Clock;
  /** Told of how long each change waited to be looked at, for the metrics. */
  onRouted: (lagSeconds: number) => void;
  watch?: LoopWatch | undefined;
}

export interface Dispatcher {
  /** Changes may have been appended. */
  poke(): void;
  /** Finishes what it is at, writes the reasons, gives the leases back. */
  stop(): Promise<void>;
}

/** Reads the change log and routes it: one loop a process, any number of processes. */
export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  const { database, leases, log, workerId } = deps;
  let stopped = false;
  let poked = false;
  /** The last read was full: there is a backlog, and the next read is a fair one. */
  let behind = false;
  const routing = new Sleeper();
  const renewing = new Sleeper();
  const handover = createHandover({
    db: database.db,
    fleet: deps.fleet,
    index: deps.index,
    evaluations: deps.evaluations,
  });
  const queued = deps.registry.listeners().filter(({ mode }) => mode === 'work-queue');
  /** Entities with a change that rests after a failure → until when. */
  const resting = new Map<string, { kind: string; id: string; until: number }>();

  // Each statement of these two has a limit of its own: they are reported, not restarted.
  const watchedLeases = deps.watch?.add('leases', () => undefined);
  const watchedRouting = deps.watch?.add('routing', () => undefined);

  const renewLoop = async (): Promise<void> => {
    while (!stopped) {
      await leases.renew().catch((error: unknown) => log.warn({ reason: messageOf(error) }, 'leases not renewed'));
      routing.wake();
      watchedLeases?.round();
      if (!stopped) await renewing.sleep(deps.fleet.differs() ? RENEW_MIXED_MS : RENEW_MS);
    }
  };

  const routeLoop = async (): Promise<void> => {
    while (!stopped) {
      try {
        watchedRouting?.round();
        const since = Date.now();
        poked = false;
        // What was committed after a batch was read pokes; only a full batch tells that there was more before.
        await routeBatch();
        const full = behind;
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

  const routeBatch = async (): Promise<void> => {
    const held = leases.held();
    behind = behind && held.size > 0;
    if (held.size === 0) return;
    for (const [key, rest] of resting) if (rest.until <= deps.clock.now().getTime()) resting.delete(key);
    const exceptions = [...resting.values()].map(({ kind, id }) => ({ kind, id }));
    const reading = { resting: exceptions, limit: behind ? FAIR_BATCH : BATCH, fair: behind };
    const { changes, revision, anyWaits } = await readUnrouted(database.db, held.keys(), reading);
    behind = changes.length === reading.limit;
    await deps.follower.catchUp(revision);
    const dwellEvents = await handover.dwellEvents(changes);
    /** Partitions whose next change is for a worker with other plugins, with what it needs. */
    const given = new Map<number, string[]>();
    const own = changes.flatMap((unrouted) => prepare(unrouted, held, { dwellEvents, given }) ?? []);
    for (const [partition, names] of given) await leases.handOver(partition, names);
    const prepared = own.filter(({ fence }) => !given.has(fence.partition));
    const waits = anyWaits ? await wakeWaits(deps, bySeq(prepared)) : [];
    if (deps.keepsRoutings) noteWaits(prepared, waits);
    const unheard: Fenced[] = [];
    const heard: Routable[] = [];
    /** Entities of which a change in this batch may arm a dwell, that a later one must find. */
    const arming = new Set<string>();
    for (const routable of prepared) {
      const key = entityKey(routable.change);
      if (arming.has(key)) routable.hasDwells = true;
      if (routable.candidates.some(({ candidate }) => candidate.trigger.for !== undefined)) arming.add(key);
      const isHeard = [routable.candidates, routable.listeners, routable.notes].some(({ length }) => length > 0);
      if (!isHeard && !routable.hasDwells) unheard.push(routable.fence);
      else heard.push(routable);
    }
    await Promise.all([markRouted(database.db, workerId, unheard), routeInBatches(deps, heard)]);
  };

  const prepare = (
    unrouted: UnroutedChange,
    held: ReadonlyMap<number, number>,
    { dwellEvents, given }: { dwellEvents: ReadonlyMap<string, string[]>; given: Map<number, string[]> },
  ): (Routable & Told) | null => {
    const { change, partition, attempts, nextAttemptAt, hasDwells, isRetried } = unrouted;
    const key = entityKey(change);
    if (resting.has(key) || given.has(partition)) return null;
    if (nextAttemptAt !== null && nextAttemptAt.getTime() > deps.clock.now().getTime()) {
      resting.set(key, { kind: change.kind, id: change.id, until: nextAttemptAt.getTime() });
      return null;
    }
    const epoch = held.get(partition);
    if (epoch === undefined) return null;
    const occurrences = occurrencesOf(change, deps.registry, (message) =>
      log.error({ changeId: change.changeId, kind: change.kind, reason: message }, 'a deriver threw'),
    );
    const events = occurrences.map(({ event }) => event);
    const verdict = handover.verdict(unrouted, events, dwellEvents.get(key) ?? []);
    if (verdict.type === 'hand-over') given.set(partition, verdict.names);
    if (verdict.type === 'hold') resting.set(key, { kind: change.kind, id: change.id, until: Date.now() + HOLD_MS });
    if (verdict.type !== 'route') return null;
    if (attempts === 0) deps.onRouted(unrouted.lagSeconds);
    const candidates = occurrences.flatMap((occurrence) =>
      candidatesOf(change, occurrence).map((candidate) => ({ candidate, occurrence })),
    );
    const listeners = change.shape === 'entity' ? queued.filter((each) => hears(each, change)) : [];
    const fence = { seq: change.seq, partition, epoch };
    const notes = deps.keepsRoutings ? occurrences.flatMap((each) => disabledFor(change, each)) : [];
    if (deps.keepsRoutings && change.causedBy !== null) {
      notes.push({ changeId: change.changeId, kind: 'caused', outcome: 'caused', runId: change.causedBy });
    }
    return { change, attempts, occurrences, candidates, hasDwells, isRetried, listeners, fence, notes };
  };

  /** A scheduled time is for its own trigger alone. */
  const candidatesOf = (change: Change, { event, payload }: Occurrence): Candidate[] => {
    if (change.kind !== SCHEDULE_KIND) return deps.index.candidates(event, payload);
    const [automationId = '', triggerId = ''] = change.id.split('/');
    const own = deps.index.find(automationId, triggerId);
    return own && normalizeEvent(own.trigger.event) === event ? [own] : [];
  };

  /** Rows for disabled triggers and for triggers of disabled automations. */
  const disabledFor = ({ changeId, kind }: Change, { event, payload }: Occurrence): NewRouting[] => {
    if (kind === SCHEDULE_KIND) return [];
    return deps.index.disabledCandidates(event, payload).map((candidate) => {
      const refusal = candidate.automation.enabled
        ? refused('trigger_disabled', 'The trigger is disabled.')
        : refused('disabled', 'The automation is disabled.');
      return routingOf({ candidate, refusal, changeId });
    });
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
      // At once: what is being routed is fenced off, and others need not wait for it.
      await leases.release().catch(() => undefined);
      await Promise.all(loops);
      await deps.evaluations.close();
    },
  };
}

/** The oldest first: of several events that end a wait, the earliest counts. */
const bySeq = <T extends Told>(told: readonly T[]): T[] => told.toSorted((a, b) => a.change.seq - b.change.seq);

/** Adds the waits that changes woke or left asleep to the rows of these changes: at most 200 of one, woken ones first. */
function noteWaits(changes: readonly Routable[], waits: readonly NewRouting[]): void {
  const byChange = new Map<string, NewRouting[]>();
  for (const wait of waits.toSorted((a, b) => b.outcome.localeCompare(a.outcome))) {
    const known = byChange.get(wait.changeId) ?? [];
    byChange.set(wait.changeId, known);
    if (known.length < MOST_WAITS) known.push(wait);
  }
  for (const { change, notes } of changes) notes.push(...(byChange.get(change.changeId) ?? []));
}
