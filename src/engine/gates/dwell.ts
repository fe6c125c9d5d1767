import {
  armDwell,
  firingAlertEntities,
  lockDwellsOf,
  moveDwell,
  restDwell,
  spendDwell,
  type Dwell,
} from '../../db/dwells';
import type { EntityStore } from '../../db/entity-store';
import type { Executor } from '../../db/executor';
import type { Ids } from '../../domain/clock';
import { DurationError, durationMs } from '../../domain/definition/duration';
import type { Change } from '../../domain/entities/change';
import { ExpressionError } from '../../domain/expressions/error';
import { dwellGateId } from '../../domain/gates/gate-id';
import type { Registry } from '../../domain/registry/registry';
import type { Evaluator } from '../../evaluation/evaluator';
import { contradictsCause, heldThrough, holdsNow, isMissed, payloadOf } from './dwell-cause';
import { refused, runScopeOf, type EnteredCandidate, type Refusal } from './gates';
import type { Candidate, RoutingIndex } from '../routing-index';
import { reasonFor, toSurvivor, type Reason, type Survivor, type SurvivorDeps } from './survivors';

export interface DwellDeps {
  registry: Registry;
  entities: EntityStore;
  evaluator: Evaluator;
  index: RoutingIndex;
  ids: Ids;
  /** Called after dwells have been armed, because their workflows must be started. */
  onDwellsToStart: () => void;
}

/**
 * Ends the dwells that changes contradict, in the routing transaction of the changes, before any dwell is armed. If a
 * dwell's deadline is before the change, the cause has held long enough, and the dwell fires first, whether or not its
 * timer has run. If the change occurred after a deadline that is still in the future (the sender's clock is ahead), the
 * cause counts as ended before the deadline. A change that was retried ends only dwells whose causes began no later
 * than the change. Returns the requests for the runs of dwells that fired, and the reasons why other dwells started no
 * run.
 */
export async function endContradicted(
  deps: DwellDeps & SurvivorDeps,
  tx: Executor,
  changes: readonly { change: Change; isRetried: boolean }[],
): Promise<{ survivors: Survivor[]; reasons: Reason[] }> {
  const survivors: Survivor[] = [];
  const reasons: Reason[] = [];
  const dwells = await lockDwellsOf(
    tx,
    changes.map(({ change }) => change),
  );
  for (const { change, isRetried } of changes) {
    for (const dwell of dwells) {
      if (dwell.entity.kind !== change.kind || dwell.entity.id !== change.id) continue;
      // The change was set aside and then retried. The cause of this dwell began after it.
      if (isRetried && change.occurredAt < dwell.armedAt) continue;
      if (!contradictsCause(deps.registry, dwell, change)) continue;
      // If another alert of the group is still firing, the dwell moves to the entity of that alert and keeps its
      // deadline.
      if (await handOver(deps, tx, dwell)) continue;
      const verdict = await endDwell(deps, tx, dwell, change);
      if (verdict === null) continue;
      if ('request' in verdict) survivors.push(verdict);
      else reasons.push(verdict);
    }
  }
  return { survivors, reasons };
}

/** Ends one dwell that a change contradicts. Returns null when there is nothing to report. */
async function endDwell(
  deps: DwellDeps & SurvivorDeps,
  tx: Executor,
  dwell: Dwell,
  change: Change,
): Promise<Survivor | Reason | null> {
  const candidate = deps.index.find(dwell.automationId, dwell.triggerId);
  // This worker lacks a plugin that the trigger needs. It leaves the dwell to a worker that has the plugin, because it
  // could only drop the dwell and not fire it.
  if (deps.index.unknownTrigger(dwell.automationId, dwell.triggerId) !== undefined) return null;
  if (dwell.status !== 'armed' || !candidate) {
    await restDwell(tx, dwell);
    return null;
  }
  const now = deps.entities.clock.now();
  if (change.occurredAt >= dwell.firesAt && now >= dwell.firesAt) {
    if (isMissed(candidate.trigger, dwell, now)) return reportMissed(tx, dwell, candidate);
    const verdict = await spendAndEvaluate(deps, tx, dwell, candidate, dwell.firesAt);
    // `spendAndEvaluate` has spent the row, and this change ended the cause, so the next cause may arm the key again.
    // The status is passed as spent, so that no request to end the workflow is written: the workflow ends when it finds
    // that its dwell has fired.
    await restDwell(tx, { ...dwell, status: 'spent' });
    return verdict;
  }
  await restDwell(tx, dwell);
  const endedBy = change.shape === 'entity' ? candidate.type.holds?.endedBy?.(change) : undefined;
  const stopped = `The cause stopped at ${change.occurredAt.toISOString()}, before ${dwell.firesAt.toISOString()}.`;
  const detail = endedBy === undefined ? stopped : `${stopped} ${endedBy}`;
  return dwellReason(dwell, candidate, refused('dwell_cancelled', detail));
}

/**
 * Ends a dwell that no worker could fire in time, and returns the reason to record. Used for triggers with `missed:
 * report`.
 */
export async function reportMissed(tx: Executor, dwell: Dwell, candidate: Candidate): Promise<Reason> {
  await restDwell(tx, dwell);
  const detail = `Missed: the cause held through ${dwell.firesAt.toISOString()}, and was over before a worker could fire it.`;
  return dwellReason(dwell, candidate, refused('dwell_cancelled', detail));
}

/** Returns the reason why a dwell started no run. */
export const dwellReason = ({ changeId, contextKey }: Dwell, candidate: Candidate, refusal: Refusal): Reason => ({
  ...{ candidate, refusal, changeId, contextKey },
});

/**
 * Moves a dwell to another entity for which the cause holds, if the trigger allows this (as for a group of alerts). The
 * row of that entity is locked, so that its next change finds the dwell. Returns whether the dwell was moved.
 */
async function handOver({ registry }: DwellDeps, tx: Executor, dwell: Dwell): Promise<boolean> {
  const standIn = registry.trigger(dwell.event)?.holds?.standIn?.(payloadOf(dwell), dwell.config);
  if (!standIn) return false;
  for (const { id, state } of await firingAlertEntities(tx, standIn.kind, dwell.entity.id)) {
    if (!standIn.accepts(state)) continue;
    dwell.entity = { kind: standIn.kind, id };
    await moveDwell(tx, dwell, dwell.entity);
    return true;
  }
  return false;
}

/**
 * Fires a dwell: marks its row as spent, then evaluates variables and conditions. Returns the request for the run, or
 * the reason why none starts.
 */
export async function spendAndEvaluate(
  deps: DwellDeps & SurvivorDeps,
  tx: Executor,
  dwell: Dwell,
  candidate: Candidate,
  firedAt: Date,
): Promise<Survivor | Reason> {
  await spendDwell(tx, dwell);
  const seconds = (dwell.firesAt.getTime() - dwell.armedAt.getTime()) / 1_000;
  const times = { armedAt: dwell.armedAt.toISOString(), firedAt: firedAt.toISOString(), seconds };
  const entered: EnteredCandidate = {
    passed: true,
    candidate,
    event: dwell.event,
    payload: payloadOf(dwell),
    change: { changeId: dwell.changeId, causedBy: dwell.causedBy, depth: dwell.depth, occurredAt: dwell.armedAt },
    scope: runScopeOf(candidate.automation, { ...dwell.trigger, dwell: times }, dwell.contextKey),
    // The `routings` row of the change that armed the dwell contains the parts of config and filter.
    held: () => [],
  };
  // The conditions are evaluated in the transaction, on the state at the time of firing. The run's id is derived from
  // the change and the deadline, so that repeating the firing after a crash admits the same run instead of a second
  // one.
  return toSurvivor({ evaluator: deps.evaluator, db: tx }, entered, dwell.firesAt);
}

/**
 * Arms the dwells whose cause holds now or held until the deadline. Returns one reason for each arrival, and whether
 * any dwell was armed. All transactions arm dwells in the same order of keys.
 */
export async function armWhatHolds(
  deps: DwellDeps,
  tx: Executor,
  arrivals: readonly EnteredCandidate[],
): Promise<{ armed: boolean; reasons: Reason[] }> {
  const reasons: Reason[] = [];
  for (const entered of inArmingOrder(arrivals)) {
    reasons.push(reasonFor(entered, await arm(deps, tx, entered)));
  }
  return { armed: reasons.some(({ refusal }) => refusal.outcome === 'dwell_armed'), reasons };
}

/** Sorts arrivals by key. Two transactions that arm the same keys in different orders would deadlock. */
export function inArmingOrder(arrivals: readonly EnteredCandidate[]): EnteredCandidate[] {
  const name = ({ candidate: { automation, trigger }, scope }: EnteredCandidate) =>
    `${automation.id}/${trigger.id}/${scope.facts.contextKey ?? ''}`;
  return arrivals.toSorted((a, b) => (name(a) < name(b) ? -1 : Number(name(a) > name(b))));
}

/**
 * Arms one dwell and returns the outcome, which is always a refusal, because no run starts before the deadline.
 * `dwell_armed`: the row was written. `dwell_held`: an earlier cause is armed or has fired. `dwell_cancelled`: the
 * cause has already ended. `disabled`: the automation is disabled or deleted. `error`: the duration cannot be
 * determined. After a crash before the commit there is no row, and the change is routed again.
 */
async function arm(deps: DwellDeps, tx: Executor, entered: EnteredCandidate): Promise<Refusal> {
  const { candidate, change, scope } = entered;
  const { automation, trigger, type } = candidate;
  if (!type.holds) return refused('error', `"for" cannot be confirmed for ${trigger.event}.`);
  const ms = await durationOf(deps, tx, entered);
  if (typeof ms === 'string') return refused('error', `for: ${ms}`);
  const entity = type.holds.entity(entered.payload);
  // The deadline is counted from the change and not from the current time, so that a worker that routes late, or again
  // after a crash, computes the same deadline.
  const firesAt = new Date(change.occurredAt.getTime() + ms);
  const arming = {
    id: deps.ids.next(),
    automationId: automation.id,
    triggerId: trigger.id,
    contextKey: scope.facts.contextKey,
    gate: dwellGateId(trigger),
    entity,
    event: entered.event,
    config: trigger.config,
    changeId: change.changeId,
    trigger: scope.facts.trigger,
    causedBy: change.causedBy,
    depth: change.depth,
    armedAt: change.occurredAt,
    firesAt,
  };
  const cause = { entity, payload: entered.payload, config: trigger.config };
  const holds = await holdsNow(deps, tx, type.holds, cause);
  // A cause that has ended may have held until its deadline while no worker was running. The change that ended the
  // cause then fires the dwell.
  if (holds !== true && !(await heldThrough(deps, tx, arming))) {
    return refused('dwell_cancelled', 'The cause had stopped already when the event was evaluated.');
  }
  const standing = await armDwell(tx, arming);
  if (standing === 'armed') {
    const dwell = { armedAt: change.occurredAt.toISOString(), firesAt: firesAt.toISOString() };
    const { held, counted } = entered;
    const more = { dwell, held, ...(counted && { counted }) };
    return refused('dwell_armed', `Fires at ${dwell.firesAt} if the cause holds until then.`, more);
  }
  if (standing === null) return refused('disabled', 'The automation is disabled or deleted.');
  const dwell = { armedAt: standing.armedAt.toISOString(), firesAt: standing.firesAt.toISOString() };
  return refused('dwell_held', heldBy(standing), { dwell });
}

/** Returns why a key cannot be armed again, including the times of its dwell. */
function heldBy({ status, armedAt, firesAt, lastFiredAt }: Dwell): string {
  if (status === 'armed') return `Armed since ${armedAt.toISOString()}; fires at ${firesAt.toISOString()}.`;
  const fired = lastFiredAt?.toISOString() ?? '';
  return status === 'spent'
    ? `Fired at ${fired}, and the cause has not stopped since.`
    : `The event is older than the last firing at ${fired}.`;
}

/** Returns the duration in milliseconds, or the error message when it cannot be determined. */
async function durationOf({ evaluator }: DwellDeps, tx: Executor, entered: EnteredCandidate): Promise<number | string> {
  const duration = entered.candidate.trigger.for;
  if (duration === undefined) return 'not given';
  try {
    const isTemplate = typeof duration === 'object' && 'template' in duration;
    const rendered = isTemplate ? await evaluator.renderDuration(tx, duration.template, entered.scope) : undefined;
    return durationMs(duration, () => rendered);
  } catch (error) {
    if (error instanceof DurationError || error instanceof ExpressionError) return error.message;
    throw error;
  }
}
