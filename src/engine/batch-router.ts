import { isDatabaseUnavailable } from '../db/availability';
import { markWithRoutings } from '../db/routings';
import { messageOf } from '../domain/errors';
import type { Change } from '../domain/entities/change';
import { type EntityListener } from '../domain/registry/entity-listener';
import type { Logger } from '../log';
import { entityKey } from './change-reader';
import { noteFailure } from './dead-letters';
import { inLanes } from './in-lanes';
import { ListenerFailure, type ListenerCalls } from './listener-calls';
import { routingOf } from './gates/survivors';
import {
  needsDecision,
  passGates,
  routeBatch,
  recordRefusals,
  type GatedChange,
  type RouteDeps,
  type ChangeCandidates,
} from './route-batch';

/** Maximum number of changes in one routing transaction. */
const BATCH = 64;
/**
 * Maximum number of concurrent batches. While one batch commits, another is evaluated. Concurrent batches contain
 * changes of different entities.
 */
const LANES = 2;
/** Number of changes per lane. A second lane is used only for more changes, so that a few changes share one commit. */
const CHANGES_PER_LANE = 16;
/** Maximum number of changes of a batch that are evaluated concurrently. */
const CONCURRENT = 8;

/** A change that is ready to be routed. */
export interface Routable extends ChangeCandidates {
  /** Number of failed attempts. */
  attempts: number;
  /** Listeners of plugins that are called before the change is routed. */
  listeners: readonly EntityListener[];
}

/** Dependencies of routing in batches. */
export interface BatchDeps extends RouteDeps {
  log: Logger;
  listenerCalls: ListenerCalls;
  /** Called when the listeners of a change take too long. Changes of its entity must then not be read for a moment. */
  onSlowListener: (change: Change) => void;
  /** Called with the number of admitted runs that have to wait for a slot. */
  onRunsWaiting: (count: number) => void;
}

/**
 * Routes changes in batches, each in one transaction. Changes of one entity keep their order. Two changes of an entity
 * share a batch only if neither of them involves dwells or listeners, because the later change could depend on the
 * effects of the earlier change. A batch that fails is split in half until the failing change is alone. That change is
 * retried later or set aside, and only later changes of its entity wait.
 * @throws when Postgres is unreachable
 */
export async function routeInBatches(deps: BatchDeps, routables: readonly Routable[]): Promise<void> {
  const count = Math.min(LANES, Math.ceil(routables.length / CHANGES_PER_LANE));
  const lanes: Routable[][] = Array.from({ length: count }, () => []);
  const laneOf = new Map<string, Routable[]>();
  for (const routable of routables) {
    const key = entityKey(routable.change);
    const lane = laneOf.get(key) ?? lanes[laneOf.size % count] ?? [];
    laneOf.set(key, lane);
    lane.push(routable);
  }
  await inLanes(lanes, count, (lane) => routeLane(deps, lane));
}

/** Routes the changes of one lane in batches, one batch after another, in the order of the log. */
async function routeLane(deps: BatchDeps, lane: readonly Routable[]): Promise<void> {
  const blocked = new Set<string>();
  for (let left = lane; left.length > 0;) {
    const { batch, rest } = takeBatch(left);
    const gated = await evaluate(deps, batch, blocked);
    await decide(deps, gated.filter(needsDecision), blocked);
    await markWithoutDecision(
      deps,
      gated.filter((each) => !needsDecision(each) && !blocked.has(entityKey(each.routed.change))),
      blocked,
    );
    left = rest.filter(({ change }) => !blocked.has(entityKey(change)));
  }
}

/**
 * Returns whether a change involves neither dwells nor listeners, and may therefore share a batch with other changes of
 * its entity.
 */
const isPlain = ({ hasDwells, listeners, candidates }: Routable): boolean =>
  !hasDwells && listeners.length === 0 && candidates.every(({ candidate }) => candidate.trigger.for === undefined);

/**
 * Returns the next batch of at most `limit` changes (default 64) and the remaining changes, both in the order of the
 * log. If a change is not plain, its batch contains no other change of its entity.
 */
export function takeBatch(
  changes: readonly Routable[],
  limit: number = BATCH,
): { batch: Routable[]; rest: Routable[] } {
  const batch: Routable[] = [];
  const rest: Routable[] = [];
  const seen = new Set<string>();
  const closed = new Set<string>();
  for (const routable of changes) {
    const key = entityKey(routable.change);
    const fits = batch.length < limit && !closed.has(key) && (isPlain(routable) || !seen.has(key));
    if (fits) batch.push(routable);
    else rest.push(routable);
    seen.add(key);
    if (!fits || !isPlain(routable)) closed.add(key);
  }
  return { batch, rest };
}

/**
 * Calls the listeners of each change and evaluates its gates. If a change fails and will be retried, or its listeners
 * take too long, its entity is blocked, and later changes of the entity are left out.
 */
async function evaluate(deps: BatchDeps, batch: readonly Routable[], blocked: Set<string>): Promise<Attempted[]> {
  const results: ({ gated: GatedChange } | { error: unknown } | 'slow' | undefined)[] = [];
  await inLanes([...batch.entries()], CONCURRENT, async ([index, routable]) => {
    try {
      const isNotified = await deps.listenerCalls.notify(routable.change, routable.listeners);
      results[index] = isNotified ? { gated: await passGates(deps, routable) } : 'slow';
    } catch (error) {
      // The network errors of a listener have the same codes as those of connections to Postgres.
      if (!(error instanceof ListenerFailure) && isDatabaseUnavailable(error)) throw error;
      results[index] = { error };
    }
  });
  const attempted: Attempted[] = [];
  for (const [index, routable] of batch.entries()) {
    const result = results[index];
    if (result === undefined || blocked.has(entityKey(routable.change))) continue;
    if (result === 'slow') {
      blocked.add(entityKey(routable.change));
      deps.onSlowListener(routable.change);
    } else if ('gated' in result) attempted.push({ ...result.gated, routable });
    else await recordFailure(deps, routable, result.error, blocked);
  }
  return attempted;
}

interface Attempted extends GatedChange {
  routable: Routable;
}

/**
 * Decides a batch in one transaction. If that fails, splits the batch in half and decides each half. Records the
 * failure of a batch of one change.
 */
async function decide(deps: BatchDeps, batch: readonly Attempted[], blocked: Set<string>): Promise<void> {
  const [first] = batch;
  if (first === undefined) return;
  try {
    deps.onRunsWaiting(await routeBatch(deps, batch));
  } catch (error) {
    if (isDatabaseUnavailable(error)) throw error;
    if (batch.length === 1) return recordFailure(deps, first.routable, error, blocked);
    const middle = Math.ceil(batch.length / 2);
    for (const half of [batch.slice(0, middle), batch.slice(middle)]) {
      const open = half.filter(({ routable }) => !blocked.has(entityKey(routable.change)));
      await decide(deps, open, blocked);
    }
  }
}

/**
 * Marks changes that need no decision as routed, and records the refusals of their candidates. If that fails, each
 * change is marked separately.
 */
async function markWithoutDecision(deps: BatchDeps, gated: readonly Attempted[], blocked: Set<string>): Promise<void> {
  try {
    await mark(deps, gated);
  } catch (error) {
    const [first] = gated;
    if (isDatabaseUnavailable(error) || first === undefined) throw error;
    if (gated.length === 1) return recordFailure(deps, first.routable, error, blocked);
    for (const each of gated) {
      if (!blocked.has(entityKey(each.routed.change))) await markWithoutDecision(deps, [each], blocked);
    }
  }
}

async function mark(deps: RouteDeps, gated: readonly GatedChange[]): Promise<void> {
  const marked = await markWithRoutings(
    deps.database.db,
    deps.workerId,
    gated.map(({ routed, reasons }) => ({
      fence: routed.fence,
      routings: deps.keepsRoutings ? [...routed.notes, ...reasons.map(routingOf)] : [],
    })),
  );
  recordRefusals(
    deps,
    gated.filter(({ routed }) => marked.has(routed.fence.seq)),
  );
}

/** Records that a change could not be routed. Blocks the entity of the change if the change will be retried. */
async function recordFailure(
  { database, workerId, log }: BatchDeps,
  { change, fence, attempts }: Routable,
  error: unknown,
  blocked: Set<string>,
): Promise<void> {
  log.error({ err: error, changeId: change.changeId }, 'failed to route change');
  const outcome = await noteFailure(database.db, workerId, { ...fence, attempts }, messageOf(error));
  if (outcome === 'resting') blocked.add(entityKey(change));
}
