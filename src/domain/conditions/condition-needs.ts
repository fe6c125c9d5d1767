import type { Condition } from '../definition/condition';
import type { Expression } from '../expressions/ast';
import { ExpressionError } from '../expressions/error';
import { expressionsInValue } from '../expressions/expression-source';
import { isTemplate, parseBareExpression } from '../expressions/template';
import type { PredicateNeed } from './condition-context';
import { predicateOf } from './state';

/**
 * Everything that the evaluation of a condition reads. These needs are collected before the evaluation so that the data
 * can be loaded in one batch.
 */
export interface ConditionNeeds {
  /** Expressions from which references are extracted. */
  expressions: Expression[];
  /** Entities that `state` conditions read. */
  refs: { kind: string; id: string }[];
  /** Predicates of `state` conditions with `for`. */
  predicates: PredicateNeed[];
}

/**
 * Returns what a condition reads. Expressions that cannot be parsed are left out, because evaluating them reports the
 * error.
 */
export function conditionNeeds(condition: Condition): ConditionNeeds {
  const needs: ConditionNeeds = { expressions: [], refs: [], predicates: [] };
  collect(condition, needs);
  return needs;
}

function collect(condition: Condition, needs: ConditionNeeds): void {
  if (typeof condition === 'boolean') return;
  if (typeof condition === 'string') return addExpression(condition, needs);
  if (Array.isArray(condition)) return condition.forEach((part) => collect(part, needs));
  if ('and' in condition) return collect(condition.and, needs);
  if ('or' in condition) return collect(condition.or, needs);
  if ('not' in condition) return collect(condition.not, needs);
  if ('numeric_state' in condition) {
    const { value } = condition.numeric_state;
    if (typeof value === 'string') addExpression(value, needs);
    return;
  }
  if (!('state' in condition)) return;
  const need = predicateOf(condition.state);
  needs.refs.push({ kind: need.kind, id: need.id });
  const duration = condition.state.for;
  if (duration === undefined) return;
  needs.predicates.push(need);
  if (typeof duration === 'object' && 'template' in duration) addExpression(duration.template, needs, true);
}

function addExpression(source: string, needs: ConditionNeeds, mayBeTemplate = false): void {
  try {
    if (mayBeTemplate && isTemplate(source)) {
      for (const expression of expressionsInValue(source)) needs.expressions.push(expression);
      return;
    }
    needs.expressions.push(parseBareExpression(source).expression);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
  }
}
