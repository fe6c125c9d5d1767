import type { Condition } from '../definition/condition';
import type { BinaryOperator, Expression } from '../expressions/ast';
import { evaluate, type Scope } from '../expressions/evaluate';
import { LruCache } from '../expressions/lru-cache';
import { numericValue } from '../expressions/numeric';
import { ownValue } from '../expressions/plain-data';
import { printExpression } from '../expressions/print';
import { parseBareExpression } from '../expressions/template';
import { allHold, anyHolds, doesNotHold } from './combine';
import type { ConditionContext } from './condition-context';
import { evaluateCondition } from './evaluate-condition';
import { optionsOf, valueOfExpression } from './expression';
import { nameOf, predicateOf, stateOf } from './state';
import type { Verdict } from './verdict';
import { zonedTime } from './zoned-time';

/** Trace of a condition for display. Each part has its actual and expected values. */
export interface ConditionTrace extends Verdict {
  /**
   * The expression of the condition. For `numeric_state`, the expression whose value is compared. For `state`, the field
   * and its entity. For any other structured condition, its kind.
   */
  condition: string;
  actual?: unknown;
  wanted?: unknown;
  parts?: ConditionTrace[];
}

type Values = Pick<ConditionTrace, 'actual' | 'wanted'>;

/**
 * Maximum number of UTF-16 code units of a value in a trace as JSON. A longer value is replaced by the beginning of its
 * JSON text.
 */
const MAX_VALUE_LENGTH = 300;
const COMPARISONS: readonly BinaryOperator[] = ['==', '!=', '<', '>', '<=', '>=', 'in'];
/** Maximum number of parts that a trace shows at each level. The verdict covers all parts. */
const MAX_PARTS = 50;

/**
 * Evaluates a condition as `evaluateCondition` does, and traces its parts, including those that did not decide the
 * result. Never throws.
 */
export function traceCondition(condition: Condition, scope: Scope, context: ConditionContext): ConditionTrace {
  const list = Array.isArray(condition) ? condition : undefined;
  if (list !== undefined) return combined('and', list, scope, context, allHold);
  if (typeof condition === 'object' && 'and' in condition) {
    return combined('and', condition.and, scope, context, allHold);
  }
  if (typeof condition === 'object' && 'or' in condition) return combined('or', condition.or, scope, context, anyHolds);
  if (typeof condition === 'object' && 'not' in condition) {
    const verdict = doesNotHold(condition.not, scope, context, evaluateCondition);
    return { condition: 'not', ...verdict, parts: [traceCondition(condition.not, scope, context)] };
  }
  const verdict = evaluateCondition(condition, scope, context);
  const parts = typeof condition === 'string' ? operandsOf(condition).slice(0, MAX_PARTS) : [];
  return {
    condition: textOf(condition),
    ...verdict,
    ...bounded(valuesOf(condition, scope, context)),
    ...(parts.length > 0 && { parts: parts.map((part) => traceCondition(part, scope, context)) }),
  };
}

/**
 * Traces a condition that is not true. The trace contains only the data that `decidingPart` reads: the parts up to the
 * first part that is not true, and the values of that part. The trace is kept this small because it may be computed for
 * every event that a filter or a condition rejects. Never throws.
 */
export function traceDeciding(
  condition: Condition,
  verdict: Verdict,
  scope: Scope,
  context: ConditionContext,
): ConditionTrace {
  const trace = { condition: textOf(condition), ...verdict };
  if (typeof condition === 'object' && !Array.isArray(condition) && 'not' in condition) {
    return { ...trace, parts: [traceCondition(condition.not, scope, context)] };
  }
  const parts: ConditionTrace[] = [];
  for (const part of partsOf(condition)) {
    const found = evaluateCondition(part, scope, context);
    if (found.value !== true) return { ...trace, parts: [...parts, traceDeciding(part, found, scope, context)] };
    parts.push({ condition: textOf(part), ...found });
  }
  return { ...trace, ...bounded(valuesOf(condition, scope, context)) };
}

function partsOf(condition: Condition): readonly Condition[] {
  if (typeof condition === 'string') return operandsOf(condition);
  if (Array.isArray(condition)) return condition;
  if (typeof condition !== 'object') return [];
  if ('and' in condition) return condition.and;
  return 'or' in condition ? condition.or : [];
}

const operands = new LruCache<string[]>(2_000, 4_000_000);

/** Returns the operands of a top-level `&&` or `||`. Returns an empty list for any other expression. */
function operandsOf(source: string): string[] {
  const known = operands.get(source);
  if (known !== undefined) return known;
  const found = readOperands(source);
  operands.set(source, found);
  return found;
}

function readOperands(source: string): string[] {
  try {
    const { expression } = parseBareExpression(source);
    const { root } = expression;
    if (root.kind !== 'logical') return [];
    const flat = (node: Expression['root']): Expression['root'][] =>
      node.kind === 'logical' && node.op === root.op ? [...flat(node.left), ...flat(node.right)] : [node];
    return flat(root).map((node) => printExpression({ source: expression.source, root: node }));
  } catch {
    return [];
  }
}

function combined(
  name: string,
  parts: readonly Condition[],
  scope: Scope,
  context: ConditionContext,
  combine: typeof allHold,
): ConditionTrace {
  const traced = parts.slice(0, MAX_PARTS).map((part) => traceCondition(part, scope, context));
  return { condition: name, ...combine(parts, scope, context, evaluateCondition), parts: traced };
}

function textOf(condition: Condition): string {
  if (typeof condition === 'string') return condition.trim();
  if (typeof condition === 'boolean') return String(condition);
  if ('numeric_state' in condition) return String(condition.numeric_state.value).trim();
  if ('state' in condition) return nameOf(predicateOf(condition.state));
  return Object.keys(condition)[0] ?? '';
}

/**
 * Returns the actual and expected values of a condition. A part that cannot be evaluated has no values; its verdict
 * contains the reason.
 */
function valuesOf(condition: Condition, scope: Scope, context: ConditionContext): Values {
  try {
    return valuesIn(condition, scope, context);
  } catch {
    return {};
  }
}

function valuesIn(condition: Condition, scope: Scope, context: ConditionContext): Values {
  if (typeof condition === 'string') return valuesOfExpression(condition, scope, context);
  if (typeof condition === 'boolean' || Array.isArray(condition)) return {};
  if ('numeric_state' in condition) {
    const { value, ...bounds } = condition.numeric_state;
    const actual = typeof value === 'number' ? value : valueOfExpression(value, scope, context);
    return { actual: numericValue(actual) ?? actual, wanted: bounds };
  }
  if ('state' in condition) {
    const need = predicateOf(condition.state);
    const wanted = need.values.length === 1 ? need.values[0] : { one_of: need.values };
    const actual = ownValue(stateOf(need, scope), need.field);
    if (condition.state.for === undefined) return { actual, wanted };
    const since = context.predicateSince(need)?.toISOString() ?? null;
    return { actual: { value: actual, since }, wanted: { value: wanted, for: condition.state.for } };
  }
  if ('time' in condition)
    return { actual: clockText(context.now, condition.time.timezone ?? context.timezone), wanted: condition.time };
  if ('trigger' in condition) return { actual: ownValue(scope['trigger'], 'id'), wanted: condition.trigger };
  return {};
}

/**
 * Returns the two sides of a comparison. For a negation, returns the value of its operand, with false as the expected
 * value. For any other part, returns its value.
 */
function valuesOfExpression(source: string, scope: Scope, context: ConditionContext): Values {
  const { expression } = parseBareExpression(source);
  const { root } = expression;
  const valueOf = (node: Expression['root']) =>
    evaluate({ source: expression.source, root: node }, scope, optionsOf(context));
  // In an expression such as `(!a)`, the text of the operand is not what follows the `!`.
  if (root.kind === 'unary' && root.op === '!' && source.trimStart().startsWith('!'))
    return { actual: valueOf(root.operand), wanted: false };
  if (root.kind !== 'binary' || !COMPARISONS.includes(root.op)) return { actual: valueOf(root) };
  return { actual: valueOf(root.left), wanted: { [root.op]: valueOf(root.right) ?? null } };
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

function clockText(now: Date, timezone: string): string {
  const { weekday, seconds } = zonedTime(now, timezone);
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  return `${DAYS[weekday] ?? ''} ${two(seconds / 3_600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)} (${timezone})`;
}

function bounded(values: Values): Values {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const text = JSON.stringify(value) as string | undefined;
      return [
        name,
        text === undefined ? null : text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}…` : value,
      ];
    }),
  );
}
