import type { Database } from '../db/client';
import type { NewRouting } from '../db/routings';
import { isDatabaseUnavailable } from '../db/availability';
import { artifactsOf } from '../db/runs/artifacts';
import type { RunSource } from '../db/runs/run-source';
import { addToWake, wakeWait, type Wake } from '../db/runs/wait-states';
import { eventsOf, wildKinds, type Wait, type WakeCause } from '../db/runs/wait-row';
import { waitsOn } from '../db/runs/wait-queries';
import type { WaitForTriggerAction, WaitUntilAction } from '../domain/definition/action';
import { awaitedEvents } from '../domain/definition/awaited-events';
import type { Change, Occurrence } from '../domain/entities/change';
import { messageOf } from '../domain/errors';
import { normalizeEvent, type Registry } from '../domain/registry/registry';
import { artifactView } from '../domain/run/lanes';
import { stepAt } from '../domain/run/step-at';
import type { Logger } from '../log';
import type { ConditionSteps, Evaluator } from '../evaluation/evaluator';
import { matchEvent } from '../evaluation/match-event';
import { waitScopeOf } from '../evaluation/wait-scope';
import { stepsFor, stepsOf, waitShare } from './gates/step-shares';
import { inLanes } from './in-lanes';

export interface WakeDeps {
  database: Database;
  registry: Registry;
  evaluator: Evaluator;
  sourceOf: (runId: string) => Promise<RunSource>;
  /** Returns the filters that a definition uses and this process does not have. */
  filtersLacking: (definition: RunSource['definition']) => readonly string[];
  log: Logger;
  /** Called with each wake to send. The sweep sends the wake again until the run has evaluated its wait. */
  onWakeToSend: (wake: Wake) => void;
  /** Called for each wait that was checked against changes, for the metrics. */
  onWake: (result: 'signalled' | 'false') => void;
}

/** A change, and the events that were derived from it. */
export interface DerivedChange {
  change: Change;
  occurrences: readonly Occurrence[];
}

/** Maximum number of waits that are evaluated concurrently. */
const CONCURRENT = 8;

/**
 * Checks changes against the waits of runs before the changes are marked as routed. After a crash before that, the
 * changes are read and checked again, and waits that have already been woken are left out, except waits on any entity
 * of a kind. A wait is evaluated here, in the scope of its run, so that its execution gets a workflow task only when
 * the wait is fulfilled or has to be evaluated earlier than planned. Returns one row of `routings` for each wait and
 * each change that concerns it.
 * @throws when Postgres is unreachable; the caller then tries again
 */
export async function wakeWaits(deps: WakeDeps, derived: readonly DerivedChange[]): Promise<NewRouting[]> {
  if (derived.length === 0) return [];
  const routings: NewRouting[] = [];
  const refs = [...new Map(derived.map(({ change: { kind, id } }) => [`${kind} ${id}`, { kind, id }])).values()];
  const events = [...new Set(derived.flatMap(({ occurrences }) => occurrences.map(({ event }) => event)))];
  // A wait that was already woken is evaluated later, against these changes too. Only a wait on any entity of a kind is
  // checked again, because its wake has to name each changed entity.
  const waits = (await waitsOn(deps.database.db, refs, events)).filter(
    (wait) => wait.wokenBy === null || (wait.wokenBy.trigger === undefined && wildKinds(wait).length > 0),
  );
  const steps = await stepsByRun(deps, waits, derived.length);
  await inLanes(waits, CONCURRENT, async (wait) => {
    const by = await wakingOf(deps, wait, derived, stepsFor(steps.get(wait.runId) ?? stepsOf(0)));
    if (by !== null) await wake(deps, wait, by);
    deps.onWake(by === null ? 'false' : 'signalled');
    routings.push(...routingsOf(wait, derived, by));
  });
  return routings;
}

/**
 * Maximum number of attempts to record a wake. A further attempt is needed each time the run begins a check during the
 * attempt.
 */
const MAX_TRIES = 3;

/**
 * Records a wake and sends its signal. If a wake is already pending, a changed entity is added to that wake. An event
 * is not added, because the pending wake either contains an earlier event or makes the run search the log. The row is
 * marked as woken before the signal is sent, so that the sweep sends the signal if this process crashes first. A cause
 * that cannot be stored, such as the payload of a plugin, must not prevent the routing of other changes, so the run
 * evaluates the wait without the cause.
 */
async function wake({ database: { db }, onWakeToSend, log }: WakeDeps, wait: Wait, by: WakeCause): Promise<void> {
  try {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const woken = await wakeWait(db, wait.id, by);
      if (woken !== null) return onWakeToSend(woken);
      // Between these two statements, the run may begin a check, which takes the pending wake. Without another attempt,
      // nothing would check the wait for this cause.
      if (by.trigger !== undefined || (await addToWake(db, wait.id, by))) return;
    }
  } catch (error) {
    if (isDatabaseUnavailable(error)) throw error;
    const { runId, path } = wait;
    log.warn(
      { runId, path, reason: messageOf(error) },
      'failed to store the cause of a wake; the run evaluates the wait',
    );
    const woken = await wakeWait(db, wait.id, {});
    if (woken !== null) onWakeToSend(woken);
  }
}

/**
 * Returns, for each run, the number of evaluation steps that its waits may use. The runs of an automation share one
 * budget. Runs that cannot be read are left out.
 */
async function stepsByRun(
  { sourceOf }: WakeDeps,
  waits: readonly Wait[],
  changes: number,
): Promise<Map<string, ConditionSteps>> {
  const automations = new Map<string, string>();
  await inLanes([...new Set(waits.map(({ runId }) => runId))], CONCURRENT, async (runId) => {
    try {
      automations.set(runId, (await sourceOf(runId)).automationId);
    } catch (error) {
      if (isDatabaseUnavailable(error)) throw error;
    }
  });
  const ids = new Set(automations.values());
  const own = new Map([...ids].map((id) => [id, stepsOf(waitShare(ids.size, changes))]));
  return new Map([...automations].map(([runId, id]) => [runId, own.get(id) ?? stepsOf(0)]));
}

/** Returns one row for each change against which the wait was checked. `by` null = none of the changes woke it. */
function routingsOf(wait: Wait, derived: readonly DerivedChange[], by: WakeCause | null): NewRouting[] {
  const concerns = ({ change, occurrences }: DerivedChange): boolean =>
    wait.kind === 'wait_until'
      ? wait.refs.includes(`${change.kind}:${change.id}`) || wait.refs.includes(`${change.kind}:*`)
      : change.seq > wait.afterSeq && occurrences.some(({ event }) => eventsOf(wait).includes(event));
  return derived.filter(concerns).map(({ change }) => {
    const isWoken =
      by !== null && (wait.kind === 'wait_until' ? isSame(by.changed ?? change, change) : by.seq === change.seq);
    const outcome = isWoken ? 'woken' : 'asleep';
    return { changeId: change.changeId, kind: 'wait', runId: wait.runId, path: wait.path, outcome };
  });
}

const isSame = (a: { kind: string; id: string }, b: { kind: string; id: string }) => a.kind === b.kind && a.id === b.id;

/**
 * Returns what wakes a wait, or null if none of the changes does. `{}` means that the run must evaluate the wait itself,
 * because this worker lacks a filter or the type of an awaited event, or failed to evaluate the wait. If the run's
 * evaluation also fails, the run records the error.
 */
async function wakingOf(
  deps: WakeDeps,
  wait: Wait,
  derived: readonly DerivedChange[],
  steps: ConditionSteps,
): Promise<WakeCause | null> {
  const { db } = deps.database;
  try {
    const source = await deps.sourceOf(wait.runId);
    // The run then evaluates the wait on a worker that has the missing filter or type.
    if (deps.filtersLacking(source.definition).length > 0 || awaitsUnknown(deps, wait, derived)) return {};
    const artifacts = await artifactsOf(db, wait.runId, artifactView(source.definition, wait.path));
    const step = stepAt(source.definition, wait.path) as WaitUntilAction | WaitForTriggerAction;
    if ('wait_for_trigger' in step) {
      const waiter = { wait, source, artifacts, events: awaitedEvents(step.wait_for_trigger), steps };
      for (const { change, occurrences } of derived) {
        for (const occurrence of change.seq > wait.afterSeq ? occurrences : []) {
          // `derived` is in the order of the log. Of several events that match, the earliest ends the wait.
          const trigger = await matchEvent(deps, db, waiter, change, occurrence);
          if (trigger !== null) return { trigger, seq: change.seq };
        }
      }
      if (steps.values.left <= 0) warnOfSteps(deps, wait);
      return null;
    }
    for (const { kind, id } of changedFor(wait, derived)) {
      const scope = waitScopeOf(source, artifacts, wait.scope, { changed: { kind, id } });
      const seen = await deps.evaluator.readCondition(db, step.wait_until.condition, { ...scope, steps }, [
        { kind, id },
      ]);
      // The run evaluates the wait again, with its own steps.
      if (steps.values.left <= 0) return { changed: { kind, id } };
      // The condition is false now but becomes true without a change ("for five minutes") before the planned check. The
      // tolerance of one second avoids a task because of a rounding difference.
      const sooner =
        seen.changesAt !== null &&
        (wait.recheckAt === null || seen.changesAt.getTime() < wait.recheckAt.getTime() - 1_000);
      if (seen.value === true || sooner) return { changed: { kind, id } };
    }
    return null;
  } catch (error) {
    if (isDatabaseUnavailable(error)) throw error;
    deps.log.warn(
      { runId: wait.runId, path: wait.path, reason: messageOf(error) },
      'failed to evaluate wait; its run evaluates it',
    );
    return {};
  }
}

/** Returns whether one of the changes is an event that the wait awaits and whose type this worker does not have. */
function awaitsUnknown({ registry }: WakeDeps, wait: Wait, derived: readonly DerivedChange[]): boolean {
  const unknown = eventsOf(wait).filter((event) => registry.trigger(event) === undefined);
  if (unknown.length === 0) return false;
  return derived.some(
    ({ change, occurrences }) =>
      change.seq > wait.afterSeq && occurrences.some(({ event }) => unknown.includes(normalizeEvent(event))),
  );
}

function warnOfSteps({ log }: WakeDeps, { runId, path }: Wait): void {
  log.warn({ runId, path }, 'the filters of the waits of an automation take too many steps; they match no event');
}

/**
 * Returns the entities for which a wait must be evaluated. For a wait on any entity of a kind, these are all changed
 * entities. Otherwise, a single entity is enough, because one evaluation covers all of them.
 */
function changedFor({ refs }: Wait, derived: readonly DerivedChange[]): { kind: string; id: string }[] {
  const changed = new Map(derived.map(({ change: { kind, id } }) => [`${kind}:${id}`, { kind, id }]));
  const relevant = [...changed].filter(([name, { kind }]) => refs.includes(name) || refs.includes(`${kind}:*`));
  const isWild = relevant.some(([, { kind }]) => refs.includes(`${kind}:*`));
  return relevant.slice(isWild ? 0 : -1).map(([, entity]) => entity);
}
