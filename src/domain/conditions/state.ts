import type { StateCondition } from '../definition/condition';
import { durationMs } from '../definition/duration';
import type { Scope } from '../expressions/evaluate';
import { looseEquals } from '../expressions/compare';
import { ownValue } from '../expressions/plain-data';
import type { ConditionContext, PredicateNeed } from './condition-context';
import { valueOfExpressionOrTemplate } from './expression';
import { fails, HOLDS, type Verdict } from './verdict';

type State = StateCondition['state'];
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : [value]);

/**
 * Returns the predicate of a condition. The health form is a shorthand for the field `status` of the entity
 * `health:<system>`.
 */
export function predicateOf(state: State): PredicateNeed {
  if ('entity' in state) return { kind: 'health', id: state.entity, field: 'status', values: listOf(state.status) };
  return { kind: state.kind, id: state.id, field: state.field, values: listOf(state.equals) };
}

/** Returns the name of a predicate's field for messages: `status of health:checkout`. */
export const nameOf = ({ field, kind, id }: PredicateNeed): string => `${field} of ${kind}:${id}`;

/**
 * Returns the state of an entity. For a system without check results, which has no stored state, returns its health
 * view. In this view, the system has been healthy since its creation.
 */
export function stateOf({ kind, id }: PredicateNeed, scope: Scope): unknown {
  const reactive = ownValue(ownValue(scope['state'], kind), id);
  if (reactive !== undefined || kind !== 'health') return reactive;
  return ownValue(ownValue(scope['health'], 'systems'), id);
}

/**
 * Returns since when the predicate has held, or null when this is unknown. The time is read from transitions or, for a
 * system without results, from its health view.
 */
function heldSince(need: PredicateNeed, scope: Scope, context: ConditionContext): Date | null {
  const since = context.predicateSince(need);
  if (since !== null || need.kind !== 'health') return since;
  const view = ownValue(stateOf(need, scope), 'in_status_since');
  return typeof view === 'string' && !Number.isNaN(Date.parse(view)) ? new Date(view) : null;
}

/** Returns whether a value equals one of the values of the predicate. An absent value equals only null. */
function matches(need: PredicateNeed, value: unknown): boolean {
  return need.values.some((wanted) => looseEquals(value, wanted));
}

/**
 * Returns the duration of `for` in milliseconds.
 * @throws ExpressionError, DurationError
 */
function forMs(duration: NonNullable<State['for']>, scope: Scope, context: ConditionContext): number {
  return durationMs(duration, (template) => valueOfExpressionOrTemplate(template, scope, context));
}

/**
 * Returns whether the entity's field has one of the values. With `for`, the field must have had one of the values
 * without interruption for at least that long. A change from one of these values to another is not an interruption.
 * @throws ExpressionError, DurationError for an unusable template
 */
export function stateHolds({ state }: StateCondition, scope: Scope, context: ConditionContext): Verdict {
  const need = predicateOf(state);
  const entity = stateOf(need, scope);
  const value = ownValue(entity, need.field);
  const name = nameOf(need);
  if (entity === undefined) return fails(`state: ${name} is unknown`);
  if (!matches(need, value)) return fails(`state: ${name} is ${JSON.stringify(value) ?? 'unknown'}`);
  if (state.for === undefined) return HOLDS;
  const wantedMs = forMs(state.for, scope, context);
  const since = heldSince(need, scope, context);
  if (since === null) return fails(`state: it is unknown how long ${name} has been ${JSON.stringify(value ?? null)}`);
  if (context.now.getTime() - since.getTime() >= wantedMs) return HOLDS;
  return fails(`state: ${name} has not held for ${wantedMs / 1_000} s yet`);
}

/**
 * Returns when the duration of `for` will have elapsed, if this is the only requirement that is not met yet. Returns
 * null when the passage of time alone cannot change the result.
 */
export function stateChangesAt({ state }: StateCondition, scope: Scope, context: ConditionContext): Date | null {
  const need = predicateOf(state);
  const entity = stateOf(need, scope);
  if (state.for === undefined || entity === undefined || !matches(need, ownValue(entity, need.field))) return null;
  const since = heldSince(need, scope, context);
  if (since === null) return null;
  const at = since.getTime() + forMs(state.for, scope, context);
  return at > context.now.getTime() ? new Date(at) : null;
}
