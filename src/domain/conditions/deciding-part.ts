import type { Condition } from '../definition/condition';
import type { ConditionTrace } from './trace-condition';

/**
 * The smallest part that decided the result of a config, a filter or a condition, with its actual and expected values.
 */
export interface DecidingPart {
  /** Path in the definition, e.g. `conditions[1]` or `triggers[0].filter`. */
  path: string;
  expression: string;
  found: unknown;
  wanted: unknown;
}

/**
 * Maximum number of UTF-16 code units of a value as JSON. A longer value is replaced by the beginning of its JSON text.
 */
const MAX_LENGTH = 300;

/** Truncates the values of a part that are too long to be stored. */
export function boundedPart(part: DecidingPart): DecidingPart {
  const bounded = (value: unknown): unknown => {
    const text = JSON.stringify(value) as string | undefined;
    return text === undefined ? null : text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : value;
  };
  return { ...part, found: bounded(part.found), wanted: bounded(part.wanted) };
}

/**
 * Returns the innermost part that prevented a condition from being true. At each level, follows the first part that is
 * not true.
 */
export function decidingPart(trace: ConditionTrace, condition: Condition, path: string): DecidingPart {
  const place = partsOf(condition, path);
  const index = (trace.parts ?? []).findIndex(({ value }) => value !== true);
  const part = trace.parts?.[index];
  if (place === undefined) {
    // Operands of `&&` and `||` have no separate path.
    return part === undefined ? leafOf(trace, path) : decidingPart(part, part.condition, path);
  }
  const next = place[index];
  if (part !== undefined && next !== undefined) return decidingPart(part, next.condition, next.path);
  const [inner] = trace.parts ?? [];
  const [only] = place;
  if (inner === undefined || only === undefined) return leafOf(trace, path);
  // For `not`, the part is true but should be false.
  const leaf = leafOf(inner, only.path);
  return { ...leaf, wanted: { not: leaf.wanted } };
}

/** Returns the parts of a structured condition with their paths, or undefined when it has none. */
function partsOf(condition: Condition, path: string): { condition: Condition; path: string }[] | undefined {
  const list = (parts: readonly Condition[], at: string) =>
    parts.map((part, index) => ({ condition: part, path: `${at}[${index}]` }));
  if (Array.isArray(condition)) return list(condition, path);
  if (typeof condition !== 'object') return undefined;
  if ('and' in condition) return list(condition.and, `${path}.and`);
  if ('or' in condition) return list(condition.or, `${path}.or`);
  if ('not' in condition) return [{ condition: condition.not, path: `${path}.not` }];
  return undefined;
}

/** Maximum number of parts that `heldParts` returns. */
const MAX_HELD = 10;

/**
 * Returns up to 10 of the innermost parts that made a condition true: all parts of an `and`, and the true parts of an
 * `or`. `trace` is the full trace of the condition. Parts without values, e.g. `true`, are left out.
 */
export function heldParts(trace: ConditionTrace, condition: Condition, path: string): DecidingPart[] {
  return held(trace, condition, path).slice(0, MAX_HELD);
}

function held(trace: ConditionTrace, condition: Condition, path: string): DecidingPart[] {
  const { parts = [] } = trace;
  const places = partsOf(condition, path);
  if (typeof condition === 'object' && !Array.isArray(condition) && 'not' in condition) {
    return parts.filter(hasValue).map((part) => {
      const leaf = leafOf(part, `${path}.not`);
      return { ...leaf, wanted: { not: leaf.wanted } };
    });
  }
  if (parts.length === 0) return hasValue(trace) ? [leafOf(trace, path)] : [];
  return parts.flatMap((part, index) => {
    // Operands of `&&` and `||` have no separate path.
    const place = places === undefined ? { condition: part.condition, path } : places[index];
    return part.value === true && place !== undefined ? held(part, place.condition, place.path) : [];
  });
}

const hasValue = (trace: ConditionTrace): boolean => Object.hasOwn(trace, 'actual');

/**
 * Matches a negation and captures its operand. In the trace of a negation, the actual value is the value of the
 * operand.
 */
const NEGATED = /^!\s*(.+)$/s;

function leafOf({ condition, actual, wanted }: ConditionTrace, path: string): DecidingPart {
  const negated = wanted === false ? NEGATED.exec(condition)?.[1] : undefined;
  return { path, expression: negated ?? condition, found: actual ?? null, wanted: wantedOf(wanted) };
}

/**
 * Returns the expected value: the other side of an equality, true for an expression without a comparison, and `wanted`
 * unchanged in all other cases.
 */
function wantedOf(wanted: unknown): unknown {
  if (wanted === undefined) return true;
  if (typeof wanted !== 'object' || wanted === null) return wanted;
  const entries = Object.entries(wanted);
  const [only] = entries;
  return entries.length === 1 && only?.[0] === '==' ? only[1] : wanted;
}
