import type { Condition } from '../definition/condition';
import type { Scope } from '../expressions/evaluate';
import type { ConditionContext, EvaluateNested } from './condition-context';
import { fails, HOLDS, type Verdict } from './verdict';

/** Combines `and`, and lists: a false beats an error (as in Home Assistant). The deciding part gives the reason. */
export function allHold(
  conditions: readonly Condition[],
  scope: Scope,
  context: ConditionContext,
  nested: EvaluateNested,
): Verdict {
  let error: Verdict | undefined;
  for (const condition of conditions) {
    const verdict = nested(condition, scope, context);
    if (verdict.value === false) return verdict;
    if (verdict.value === 'error') error ??= verdict;
  }
  return error ?? HOLDS;
}

/** Combines `or`: a true beats an error. Without any condition, the result is false. */
export function anyHolds(
  conditions: readonly Condition[],
  scope: Scope,
  context: ConditionContext,
  nested: EvaluateNested,
): Verdict {
  const reasons: string[] = [];
  let error: Verdict | undefined;
  for (const condition of conditions) {
    const verdict = nested(condition, scope, context);
    if (verdict.value === true) return HOLDS;
    if (verdict.value === 'error') error ??= verdict;
    reasons.push(verdict.reason ?? '');
  }
  return error ?? fails(`None of these holds: ${reasons.join('; ')}`);
}

/** `not`: an error stays one. */
export function doesNotHold(
  condition: Condition,
  scope: Scope,
  context: ConditionContext,
  nested: EvaluateNested,
): Verdict {
  const verdict = nested(condition, scope, context);
  if (verdict.value === 'error') return verdict;
  if (!verdict.value) return HOLDS;
  return fails(`not: ${typeof condition === 'string' ? `"${condition.trim()}"` : 'what must not hold'} holds`);
}
