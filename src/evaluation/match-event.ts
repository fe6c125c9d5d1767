import type { Executor } from '../db/executor';
import type { RunSource } from '../db/runs/run-source';
import type { Wait } from '../db/runs/wait-row';
import type { AwaitedEvent } from '../domain/definition/awaited-events';
import type { Change, Occurrence } from '../domain/entities/change';
import { normalizeEvent, type Registry } from '../domain/registry/registry';
import { triggerScope } from '../domain/run/scope';
import { cameFromOutside } from '../integrations/came-from-outside';
import type { ExpressionContext, Evaluator } from './evaluator';
import { waitScopeOf } from './wait-scope';

export interface MatchDeps {
  registry: Registry;
  evaluator: Evaluator;
}

/** The data that decides whether an occurrence matches a wait for an event. */
export interface Waiter {
  wait: Pick<Wait, 'path' | 'contextKey' | 'anyKey' | 'scope'>;
  source: RunSource;
  artifacts: ExpressionContext['artifacts'];
  events: readonly AwaitedEvent[];
  /** Steps that the wait's filters share with other evaluations; default: not shared. */
  steps?: ExpressionContext['steps'];
}

/**
 * Returns the `trigger` scope of an occurrence that ends a wait, or null when the occurrence matches none of the
 * awaited events. `trigger.id` names the first matching event, in document order.
 */
export async function matchEvent(
  deps: MatchDeps,
  db: Executor,
  waiter: Waiter,
  change: Change,
  occurred: Occurrence,
): Promise<Record<string, unknown> | null> {
  for (const [index, step] of waiter.events.entries()) {
    const key = waiter.wait.scope.keys?.[index] ?? waiter.wait;
    const trigger = await matchOne(deps, db, { ...waiter, step, key }, change, occurred);
    if (trigger !== null) return trigger;
  }
  return null;
}

/**
 * Compares an occurrence with one awaited event: first the name of the event, the config and the context key, and then
 * the filter, in which the occurrence is `trigger` and `wait.trigger`. Returns the `trigger` scope, or null when the
 * occurrence does not match, or when a filter or config fails.
 */
async function matchOne(
  { registry, evaluator }: MatchDeps,
  db: Executor,
  {
    wait,
    source,
    artifacts,
    step,
    key,
    steps,
  }: Waiter & { step: AwaitedEvent; key: { contextKey: string | null; anyKey: boolean } },
  change: Change,
  occurred: Occurrence,
): Promise<Record<string, unknown> | null> {
  if (occurred.event !== normalizeEvent(step.event)) return null;
  if (wait.scope.taken?.includes(change.changeId)) return null;
  const type = registry.trigger(step.event);
  if (!type) return null;
  let payload: Record<string, unknown>;
  try {
    const own = type.payloadOf ? type.payloadOf(occurred.payload, step.config) : occurred.payload;
    if (own === null || type.evaluateConfig?.(own, step.config) === false) return null;
    payload = own;
    if (!key.anyKey && (type.contextKey?.(own, step.config) ?? null) !== key.contextKey) return null;
  } catch {
    return null;
  }
  const entering = type.entering?.(step.config) ?? null;
  if (entering !== null && !(await cameFromOutside(db, change, entering))) return null;
  const trigger = triggerScope(step.id, { event: occurred.event, payload }, change);
  const scope = waitScopeOf(source, artifacts, wait.scope, { trigger });
  const seen = { ...scope, facts: { ...scope.facts, trigger }, ...(steps && { steps }) };
  return (await passesFilter(evaluator, db, step.filter, seen)) ? trigger : null;
}

async function passesFilter(
  evaluator: Evaluator,
  db: Executor,
  filter: string | undefined,
  scope: ExpressionContext,
): Promise<boolean> {
  return filter === undefined || (await evaluator.condition(db, filter, scope)).value === true;
}
