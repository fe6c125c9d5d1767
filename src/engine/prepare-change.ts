import type { Clock } from '../domain/clock';
import type { Change, Occurrence } from '../domain/entities/change';
import { occurrencesOf } from '../domain/entities/occurrences';
import { listensTo, type EntityListener } from '../domain/registry/entity-listener';
import { normalizeEvent, type Registry } from '../domain/registry/registry';
import { SCHEDULE_KIND } from '../domain/schedules/schedule-messages';
import type { ChangeFence } from '../db/mark-routed';
import type { NewRouting } from '../db/routings';
import type { Logger } from '../log';
import type { Routable } from './batch-router';
import { entityKey, type UnroutedChange } from './change-reader';
import { isRefusedByConfig, keyIfAccepted, refused } from './gates/gates';
import { routingOf, type Reason } from './gates/survivors';
import type { ActiveDwell, Handover } from './handover';
import type { Candidate, RoutingIndex } from './routing-index';
import type { DerivedChange } from './wake-waits';

/** Milliseconds until a change that waits for another worker, or could not be prepared, is read again. */
const HOLD_MS = 1_000;

/** A change with everything that is needed to route it. */
export interface PreparedChange extends Routable, DerivedChange {
  /** The refusals of disabled automations, which are recorded when the change has been routed. */
  disabled: readonly Reason[];
}

/**
 * Entities whose changes are not read for now, by `entityKey`. They are read again at `until`, a time by the database's
 * clock, in milliseconds since 1970.
 */
export type Resting = Map<string, { kind: string; id: string; until: number }>;

/** The data that was read with a batch of changes. */
export interface PrepareBatch {
  /** The partitions whose leases this worker held when it read the batch, and the epoch of each lease. */
  held: ReadonlyMap<number, number>;
  /** Active dwells of the changed entities, by entity. Empty when this worker can route every trigger. */
  dwells: ReadonlyMap<string, ActiveDwell[]>;
  /** Events that runs await and whose types only other workers have. */
  awaited: readonly string[];
  /**
   * Partitions to hand over to another worker, and the names that the next change of each requires. Filled in by
   * `prepare`.
   */
  given: Map<number, string[]>;
  /** Changes that could not be prepared, for example because a plugin threw. Filled in by `prepare`. */
  failed: FailedChange[];
}

/** A change that could not be prepared. */
export interface FailedChange {
  unrouted: UnroutedChange;
  fence: ChangeFence;
  error: unknown;
}

export interface PrepareDeps {
  registry: Registry;
  index: RoutingIndex;
  handover: Handover;
  resting: Resting;
  clock: Clock;
  log: Logger;
  /** Whether rows of `routings` are written. */
  keepsRoutings: boolean;
  /** Called on the first attempt to route a change, with its age in seconds when it was read. */
  onRouted: (lagSeconds: number) => void;
}

/**
 * Creates the step between reading a change and routing it. The step derives the events of the change, and finds the
 * triggers and listeners that they concern. It returns null for a change that is not routed now because its entity is
 * held back after a failure, its partition was lost or is being handed over, or the change waits for a worker that
 * provides the names that it needs. It also returns null for a change that cannot be prepared, and adds it to `failed`;
 * later changes of the entity wait.
 */
export function createPrepareChange(
  deps: PrepareDeps,
): (unrouted: UnroutedChange, batch: PrepareBatch) => PreparedChange | null {
  const queued = deps.registry.listeners().filter(({ mode }) => mode === 'work-queue');
  const restUntil = ({ kind, id }: Change, until: number) =>
    void deps.resting.set(entityKey({ kind, id }), { kind, id, until });
  const prepare = (
    unrouted: UnroutedChange,
    { dwells, awaited, given }: PrepareBatch,
    fence: ChangeFence,
  ): PreparedChange | null => {
    const { change, partition, attempts, hasDwells, isRetried } = unrouted;
    const key = entityKey(change);
    const occurrences = occurrencesOf(change, deps.registry, (message) =>
      deps.log.error({ changeId: change.changeId, kind: change.kind, reason: message }, 'a deriver threw'),
    );
    const complete = occurrences.flatMap((occurrence) =>
      candidatesOf(deps.index, change, occurrence).map((candidate) => ({ candidate, occurrence })),
    );
    const incomplete = occurrences.flatMap((occurrence) => incompleteOf(deps.index, change, occurrence));
    const verdict = deps.handover.verdict(change, {
      events: occurrences.map(({ event }) => event),
      dwells: dwells.get(key) ?? [],
      awaited,
      complete: withFilters(deps.index, complete),
      incomplete: incomplete.filter(({ isRefused }) => !isRefused).map(({ candidate }) => candidate),
    });
    if (verdict.type === 'hand-over') given.set(partition, verdict.names);
    if (verdict.type === 'hold') restUntil(change, deps.clock.now().getTime() + HOLD_MS);
    if (verdict.type !== 'route') return null;
    if (attempts === 0) deps.onRouted(unrouted.lagSeconds);
    // An event that the config refuses needs no filter. The gates record the refusal.
    const candidates = [...complete, ...incomplete.filter(({ isRefused }) => isRefused)];
    const off = change.kind === SCHEDULE_KIND ? [] : occurrences.flatMap((each) => disabledFor(deps.index, each));
    const notes = deps.keepsRoutings ? notesOf(change, off) : [];
    const disabled = off.flatMap((each) => reasonOf(each, change));
    const listeners = listenersOf(queued, change);
    const { refusals } = verdict;
    const reported = { refusals, notes, disabled };
    return { change, attempts, occurrences, candidates, hasDwells, isRetried, listeners, fence, ...reported };
  };
  return (unrouted, batch) => {
    const { change, partition, nextAttemptAt } = unrouted;
    if (deps.resting.has(entityKey(change)) || batch.given.has(partition)) return null;
    const now = deps.clock.now().getTime();
    if (nextAttemptAt !== null && nextAttemptAt.getTime() > now) {
      restUntil(change, nextAttemptAt.getTime());
      return null;
    }
    const epoch = batch.held.get(partition);
    if (epoch === undefined) return null;
    const fence = { seq: change.seq, partition, epoch };
    try {
      return prepare(unrouted, batch, fence);
    } catch (error) {
      batch.failed.push({ unrouted, fence, error });
      restUntil(change, now + HOLD_MS);
      return null;
    }
  };
}

/** Returns the triggers whose config accepts the occurrence and whose automations use plugin filters. */
const withFilters = (index: RoutingIndex, found: { candidate: Candidate; occurrence: Occurrence }[]): Candidate[] =>
  found.flatMap(({ candidate, occurrence }) =>
    index.ownFiltersOf(candidate.automation.id).length > 0 && !isRefusedByConfig(candidate, occurrence)
      ? [candidate]
      : [],
  );

/** Returns the triggers that an occurrence concerns. A scheduled time concerns only the trigger of its schedule. */
function candidatesOf(index: RoutingIndex, change: Change, { event, payload }: Occurrence): Candidate[] {
  if (change.kind !== SCHEDULE_KIND) return index.candidates(event, payload);
  return scheduled(change, event, (automationId, triggerId) => index.find(automationId, triggerId));
}

/**
 * Returns the triggers that an occurrence concerns but whose automations use a filter that this worker lacks.
 * `isRefused` is true if the config of the trigger refuses the occurrence.
 */
function incompleteOf(index: RoutingIndex, change: Change, occurrence: Occurrence) {
  const { event, payload } = occurrence;
  const found =
    change.kind === SCHEDULE_KIND
      ? scheduled(change, event, (automationId, triggerId) => index.findIncomplete(automationId, triggerId))
      : index.incompleteCandidates(event, payload);
  return found.map((candidate) => {
    return { candidate, occurrence, isRefused: isRefusedByConfig(candidate, occurrence) };
  });
}

/**
 * Returns a list with the trigger whose schedule produced a change, or an empty list when the trigger no longer has
 * this event.
 */
function scheduled(
  change: Change,
  event: string,
  find: (automationId: string, triggerId: string) => Candidate | undefined,
): Candidate[] {
  const [automationId = '', triggerId = ''] = change.id.split('/');
  const own = find(automationId, triggerId);
  return own && normalizeEvent(own.trigger.event) === event ? [own] : [];
}

function listenersOf(queued: readonly EntityListener[], change: Change): EntityListener[] {
  return change.shape === 'entity' ? queued.filter((each) => listensTo(each, change)) : [];
}

/** A trigger that is disabled, or whose automation is disabled, with the occurrence that it concerns. */
interface Disabled {
  candidate: Candidate;
  occurrence: Occurrence;
}

const TRIGGER_DISABLED = refused('trigger_disabled', 'The trigger is disabled.');
const AUTOMATION_DISABLED = refused('disabled', 'The automation is disabled.');

function disabledFor(index: RoutingIndex, occurrence: Occurrence): Disabled[] {
  const { event, payload } = occurrence;
  return index.disabledCandidates(event, payload).map((candidate) => ({ candidate, occurrence }));
}

/**
 * Returns the rows of `routings` that no gate produces: those for disabled triggers, for triggers of disabled
 * automations, and for the run that caused the change.
 */
function notesOf({ changeId, causedBy }: Change, off: readonly Disabled[]): NewRouting[] {
  const notes = off.map(({ candidate }) => {
    const refusal = candidate.automation.enabled ? TRIGGER_DISABLED : AUTOMATION_DISABLED;
    return routingOf({ candidate, refusal, changeId });
  });
  if (causedBy !== null) notes.push({ changeId, kind: 'caused', outcome: 'caused', runId: causedBy });
  return notes;
}

/**
 * Returns the reason that the automation's list shows if the automation is disabled. Returns an empty list when the
 * automation is enabled, when the trigger itself is disabled, or when its config refuses the occurrence.
 */
function reasonOf({ candidate, occurrence }: Disabled, { changeId }: Change): Reason[] {
  if (candidate.automation.enabled || !candidate.trigger.enabled) return [];
  const contextKey = keyIfAccepted(candidate, occurrence);
  return contextKey === undefined ? [] : [{ candidate, refusal: AUTOMATION_DISABLED, changeId, contextKey }];
}
