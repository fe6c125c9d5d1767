import type { Executor } from '../db/executor';
import type { RunSource } from '../db/runs/run-source';
import type { Wait } from '../db/runs/waits';
import type { WaitForTriggerAction } from '../domain/definition/action';
import type { Change, Occurrence } from '../domain/entities/change';
import { normalizeEvent, type Registry } from '../domain/registry/registry';
import { triggerScope } from '../domain/run/scope';
import { cameFromOutside } from '../integrations/came-from-outside';
import type { EvaluationScope, Evaluator } from './evaluator';
import { waitScopeOf } from './wait-scope';

export interface MatchDeps {
  registry: Registry;
  evaluator: Evaluator;
}

/** What a wait for an event needs to tell whether an occurrence is the one. */
export interface Waiter {
  wait: Pick<Wait, 'path' | 'contextKey' | 'anyKey' | 'scope'>;
  source: RunSource;
  artifacts: EvaluationScope['artifacts'];
  step: WaitForTriggerAction['wait_for_trigger'];
}

/**
 * The `trigger` root of an occurrence that ends a wait, or null: by event, config and context key, then by the filter, which
 * sees the event as `trigger` and as `wait.trigger`. A filter or config that fails does not match.
 */
export async function matchEvent(
  { registry, evaluator }: MatchDeps,
  db: Executor,
  { wait, source, artifacts, step }: Waiter,
  change: Change,
  told: Occurrence,
): Promise<Record<string, unknown> | null> {
  if (told.event !== normalizeEvent(step.event)) return null;
  if (wait.scope.taken?.includes(change.changeId)) return null;
  const type = registry.trigger(step.event);
  if (!type) return null;
  let payload: Record<string, unknown>;
  try {
    const own = type.payloadOf ? type.payloadOf(told.payload, step.config) : told.payload;
    if (own === null || type.evaluateConfig?.(own, step.config) === false) return null;
    payload = own;
    if (!wait.anyKey && (type.contextKey?.(own, step.config) ?? null) !== wait.contextKey) return null;
  } catch {
    return null;
  }
  const entering = type.entering?.(step.config) ?? null;
  if (entering !== null && !(await cameFromOutside(db, change, entering))) return null;
  const trigger = triggerScope(step.event, { event: told.event, payload }, change);
  if (step.filter === undefined) return trigger;
  const scope = waitScopeOf(source, artifacts, wait.scope, { trigger });
  const { value } = await evaluator.condition(db, step.filter, { ...scope, facts: { ...scope.facts, trigger } });
  return value === true ? trigger : null;
}
