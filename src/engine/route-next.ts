import type { NewRouting } from '../db/routings';
import { markRouted, type ChangeFence } from '../db/mark-routed';
import type { Clock } from '../domain/clock';
import type { Change } from '../domain/entities/change';
import { messageOf } from '../domain/errors';
import { routeInBatches, type Routable } from './batch-router';
import { createChangeReader, entityKey } from './change-reader';
import { noteFailure } from './dead-letters';
import type { Fleet } from './fleet';
import { recordRefusal } from './gates/survivors';
import { createHandover } from './handover';
import { createListenerCalls } from './listener-calls';
import type { IndexFollower } from './index-follower';
import type { Leases } from './leases';
import { createPrepareChange, type FailedChange, type PreparedChange, type Resting } from './prepare-change';
import type { RouteDeps } from './route-batch';
import { createRoutingPace } from './routing-pace';
import { wakeWaits, type DerivedChange, type WakeDeps } from './wake-waits';

/** Milliseconds until a change whose listeners take too long is read again. */
const SLOW_LISTENER_MS = 250;
/** Maximum number of waits that are recorded for one change. */
const MAX_WAITS = 200;

export interface RouteNextDeps extends RouteDeps, WakeDeps {
  follower: IndexFollower;
  leases: Leases;
  fleet: Fleet;
  clock: Clock;
  /** Called on the first attempt to route a change, with its age in seconds when it was read. */
  onRouted: (lagSeconds: number) => void;
}

/** The result of one iteration of the dispatcher. */
export interface Iteration {
  /** Whether the read was full, which means that there may be more changes. */
  isFull: boolean;
  /** Milliseconds to pause before the next iteration, unless changes arrive or all waiting runs are started. */
  pauseMs: number;
}

const NOTHING_DONE: Iteration = { isFull: false, pauseMs: 0 };

/**
 * Creates the function that does one iteration of the dispatcher: it reads unrouted changes of the held partitions,
 * wakes waits, and routes the changes.
 */
export function createRouteNext(deps: RouteNextDeps): () => Promise<Iteration> {
  const { database, leases } = deps;
  const handover = createHandover({ ...deps, db: database.db });
  const resting: Resting = new Map();
  const prepare = createPrepareChange({ ...deps, handover, resting });
  const batches = {
    ...deps,
    listenerCalls: createListenerCalls(),
    onSlowListener: ({ kind, id }: Change) =>
      void resting.set(entityKey({ kind, id }), { kind, id, until: deps.clock.now().getTime() + SLOW_LISTENER_MS }),
    onRunsWaiting: (count: number) => void (waiting += count),
  };
  const reader = createChangeReader(database.db);
  const pace = createRoutingPace();
  let waiting = 0;
  return async () => {
    const since = performance.now();
    waiting = 0;
    const held = leases.held();
    if (held.size === 0) return NOTHING_DONE;
    for (const [key, rest] of resting) if (rest.until <= deps.clock.now().getTime()) resting.delete(key);
    const { changes, revision, anyWaits, isFull } = await reader.read(held, { resting, limit: pace.limit() });
    const readMs = performance.now() - since;
    // The index must be at least as new as the changes, because an automation that was saved before an event must
    // receive the event.
    await deps.follower.catchUp(revision);
    const dwells = await handover.dwells(changes);
    const awaited = anyWaits && changes.length > 0 ? await handover.awaitedEvents() : [];
    const given = new Map<number, string[]>();
    const failed: FailedChange[] = [];
    const own = changes.flatMap((unrouted) => prepare(unrouted, { held, dwells, awaited, given, failed }) ?? []);
    for (const each of failed) await noteUnprepared(deps, each);
    for (const [partition, names] of given) await leases.handOver(partition, names);
    const prepared = own.filter(({ fence }) => !given.has(fence.partition));
    const waits = anyWaits ? await wakeWaits(deps, bySeq(prepared)) : [];
    if (deps.keepsRoutings) noteWaits(prepared, waits);
    const { irrelevant, relevant } = splitByRelevance(prepared);
    await Promise.all([markRouted(database.db, deps.workerId, irrelevant), routeInBatches(batches, relevant)]);
    for (const { disabled } of prepared) for (const reason of disabled) recordRefusal(deps, reason);
    if (!isFull || changes.length === 0) return { isFull, pauseMs: 0 };
    const ms = performance.now() - since;
    const pauseMs = pace.adapt({ changes: changes.length, readMs, ms, waiting, workers: deps.fleet.workers() });
    return { isFull, pauseMs: deps.launcher.hasWaiting() ? pauseMs : 0 };
  };
}

/** Records that a change could not be prepared. The change is tried again later or set aside. */
async function noteUnprepared(
  { database, workerId, log }: RouteNextDeps,
  { unrouted: { change, attempts }, fence, error }: FailedChange,
): Promise<void> {
  log.error({ err: error, changeId: change.changeId }, 'failed to prepare change');
  await noteFailure(database.db, workerId, { ...fence, attempts }, messageOf(error));
}

/**
 * Separates changes with candidates, refusals, listeners, dwells or rows for `routings` (`relevant`) from changes
 * without any (`irrelevant`). Irrelevant changes have no effect, so one statement can mark all of them as routed.
 */
function splitByRelevance(prepared: readonly PreparedChange[]): { irrelevant: ChangeFence[]; relevant: Routable[] } {
  const irrelevant: ChangeFence[] = [];
  const relevant: Routable[] = [];
  /** Entities for which an earlier change of this batch may arm a dwell that a later change must find. */
  const arming = new Set<string>();
  for (const routable of prepared) {
    const key = entityKey(routable.change);
    if (arming.has(key)) routable.hasDwells = true;
    if (routable.candidates.some(({ candidate }) => candidate.trigger.for !== undefined)) arming.add(key);
    const { candidates, refusals, listeners, notes } = routable;
    const isRelevant = [candidates, refusals, listeners, notes].some(({ length }) => length > 0);
    if (!isRelevant && !routable.hasDwells) irrelevant.push(routable.fence);
    else relevant.push(routable);
  }
  return { irrelevant, relevant };
}

/** Sorts changes from oldest to newest. Of several events that can end a wait, the earliest must end it. */
const bySeq = <T extends DerivedChange>(derived: readonly T[]): T[] =>
  derived.toSorted((a, b) => a.change.seq - b.change.seq);

/**
 * Adds the results of checking waits to the `routings` rows of the changes: at most 200 per change, woken waits first.
 */
function noteWaits(changes: readonly Routable[], waits: readonly NewRouting[]): void {
  const byChange = new Map<string, NewRouting[]>();
  for (const wait of waits.toSorted((a, b) => b.outcome.localeCompare(a.outcome))) {
    const known = byChange.get(wait.changeId) ?? [];
    byChange.set(wait.changeId, known);
    if (known.length < MAX_WAITS) known.push(wait);
  }
  for (const { change, notes } of changes) notes.push(...(byChange.get(change.changeId) ?? []));
}
