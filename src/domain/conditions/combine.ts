import type { Condition } from '../definition/condition';
import type { Scope } from '../expressions/evaluate';
import type { ConditionContext, EvaluateNested } from './condition-context';
import { fails, HOLDS, type Verdict } from './verdict';

/**
 * Combines the parts of `and` and of lists. If a part is false, the result is false even if another part is an error
 * (as in Home Assistant). The reason is taken from the deciding part.
 */
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

/**
 * Combines the parts of `or`. If a part is true, the result is true even if another part is an error. Without parts,
 * the result is false.
 */
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

/** Evaluates a condition and negates its verdict. An error remains an error. */
export function doesNotHold(
  condition: Condition,
  scope: Scope,
  context: ConditionContext,
  nested: EvaluateNested,
): Verdict {
  const verdict = nested(condition, scope, context);
  if (verdict.value === 'error') return verdict;
  if (!verdict.value) return HOLDS;
  return fails(`not: ${typeof condition === 'string' ? `"${condition.trim()}"` : 'the condition inside'} holds`);
}
