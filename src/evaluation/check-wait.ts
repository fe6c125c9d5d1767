import type { Executor } from '../db/executor';
import type { EntityRef } from '../db/entity-store';
import { changesAfter } from '../db/runs/log-position';
import type { RunSource } from '../db/runs/run-source';
import { changedAfter } from '../db/runs/wait-queries';
import { eventsOf, wildKinds, type Wait } from '../db/runs/wait-row';
import type { Condition } from '../domain/definition/condition';
import { occurrencesOf } from '../domain/entities/occurrences';
import type { ConditionReading, Evaluator, ExpressionContext } from './evaluator';
import { matchEvent, type MatchDeps, type Waiter } from './match-event';
import { waitScopeOf } from './wait-scope';

/** Number of changes that are read from the log per query. */
const LOG_PAGE = 500;

/** An armed wait, and the data for the scope of its expressions. */
interface Armed {
  wait: Wait;
  source: RunSource;
  artifacts: ExpressionContext['artifacts'];
}

/**
 * Evaluates the condition of an armed wait for each entity that may have fulfilled it, until it is true. Returns the
 * last reading as `seen`, and the entity for which it was made as `by`.
 */
export async function checkCondition(
  evaluator: Evaluator,
  tx: Executor,
  condition: Condition,
  { wait, source, artifacts }: Armed,
): Promise<{ seen: ConditionReading; by: Record<string, unknown> }> {
  const read = async (changed: EntityRef | null) => {
    const by = changed === null ? {} : { changed };
    const scope = waitScopeOf(source, artifacts, wait.scope, by);
    return { seen: await evaluator.readCondition(tx, condition, scope, changed ? [changed] : []), by };
  };
  const [first, ...others] = await changedFor(tx, wait);
  let last = await read(first);
  for (const changed of others) {
    if (last.seen.value === true) break;
    last = await read(changed);
  }
  return last;
}

/**
 * Returns the entities for which the condition must be checked: those that woke the wait, and those that changed before
 * the wake was answered. At the first check of a wait on any entity of a kind, they include the entities that have
 * changed since the step began. null = no entity in particular.
 */
async function changedFor(tx: Executor, wait: Wait): Promise<[EntityRef | null, ...EntityRef[]]> {
  const { changed = null, more = [] } = wait.checkCause ?? {};
  const kinds = wait.isChecked ? [] : wildKinds(wait);
  const missed = kinds.length === 0 ? [] : await changedAfter(tx, wait.afterSeq, kinds);
  return [changed, ...more, ...missed];
}

/**
 * Returns the `trigger` scope of the event that ends the wait, or null when there is none. This is the event that woke
 * the wait, unless the first check, which also searches the log, finds an earlier event that matches. That event may
 * have been logged before the wait was armed.
 */
export async function earliestMatch(
  deps: MatchDeps,
  tx: Executor,
  waiter: Waiter & { wait: Wait },
): Promise<Record<string, unknown> | null> {
  const { wait } = waiter;
  const { trigger: woke = null, seq: wokeAt = Infinity } = wait.wokenBy ?? {};
  if (wait.isChecked) return woke;
  const events = eventsOf(wait).flatMap((event) => {
    const source = deps.registry.trigger(event)?.source;
    return source === undefined ? [event] : [event, source];
  });
  // The log is read only once, from this position. For changes that are routed later, the dispatcher finds the armed
  // row.
  for (let after = wait.afterSeq; ;) {
    const changes = await changesAfter(tx, after, events, LOG_PAGE);
    for (const change of changes) {
      // None of the events before the event that woke the wait matched.
      if (change.seq >= wokeAt) return woke;
      for (const occurrence of occurrencesOf(change, deps.registry, () => undefined)) {
        const trigger = await matchEvent(deps, tx, waiter, change, occurrence);
        if (trigger !== null) return trigger;
      }
    }
    const last = changes.at(-1);
    if (changes.length < LOG_PAGE || last === undefined) return woke;
    after = last.seq;
  }
}
