import type { BinaryNode, Node, PipeNode } from './ast';
import { chainOf } from './chain';
import { healthField } from './clock-parts';
import { parseInstant } from './instant';
import { numericValue } from './numeric';

export type Comparison = '==' | '!=' | '<' | '>' | '<=' | '>=';

/**
 * A number that grows linearly for a limited time. It is `base` at the time of evaluation and grows by `slope` per
 * millisecond for the next `lasts` milliseconds. A `base` of NaN means that the number is absent and remains absent.
 */
export interface Linear {
  readonly base: number;
  readonly slope: number;
  readonly lasts: number;
}

/** Returns how a number grows from `after` milliseconds from now on, or undefined when it does not grow linearly. */
export type LinearNumber = (after: number) => Linear | undefined;

/** The inputs of the analysis: the current time, and the values of the nodes of an expression. */
export interface LinearContext {
  /** Current time in milliseconds since 1970. */
  readonly now: number;
  readsClock(node: Node): boolean;
  /**
   * Returns the value of a node.
   * @throws ExpressionError
   */
  valueOf(node: Node): unknown;
}

const UNIT_MS: Readonly<Record<string, number>> = { minutes: 60_000, hours: 3_600_000, days: 86_400_000 };
const ABSENT: Linear = { base: NaN, slope: 0, lasts: Infinity };
const MAX_KINKS = 8;

function scaled({ base, slope, lasts }: Linear, factor: number): Linear {
  return { base: base * factor, slope: slope * factor, lasts };
}

function arithmetic(node: BinaryNode, context: LinearContext, after: number): Linear | undefined {
  const left = linearOf(node.left, context, after, true);
  const right = left === undefined ? undefined : linearOf(node.right, context, after, true);
  if (left === undefined || right === undefined) return undefined;
  const lasts = Math.min(left.lasts, right.lasts);
  if (node.op === '+') return { base: left.base + right.base, slope: left.slope + right.slope, lasts };
  if (node.op === '-') return { base: left.base - right.base, slope: left.slope - right.slope, lasts };
  if (node.op === '*' && right.lasts === Infinity && right.slope === 0) return scaled(left, right.base);
  if (node.op === '*' && left.lasts === Infinity && left.slope === 0) return scaled(right, left.base);
  const divides = node.op === '/' && right.lasts === Infinity && right.slope === 0;
  return divides ? scaled(left, 1 / right.base) : undefined;
}

/** Returns the milliseconds that have elapsed since a time. The result is 0 until the time is reached. */
function durationSince(since: number | undefined, at: number): Linear {
  if (since === undefined) return { base: 0, slope: 0, lasts: Infinity };
  return at < since ? { base: 0, slope: 0, lasts: since - at } : { base: at - since, slope: 1, lasts: Infinity };
}

function piped(node: PipeNode, context: LinearContext, after: number): Linear | undefined {
  if (node.filter === 'duration_since' && !context.readsClock(node.input)) {
    return durationSince(parseInstant(context.valueOf(node.input)), context.now + after);
  }
  if (node.filter === 'default' && node.args[0] !== undefined) {
    const input = context.valueOf(node.input);
    const missing = input === undefined || input === null || input === '';
    return linearOf(missing ? node.args[0] : node.input, context, after, true);
  }
  const unit = Object.hasOwn(UNIT_MS, node.filter) ? UNIT_MS[node.filter] : undefined;
  const input = unit === undefined ? undefined : linearOf(node.input, context, after, true);
  return input === undefined || unit === undefined ? undefined : scaled(input, unit);
}

/**
 * Returns a node as a number that grows linearly with time, or undefined when it does not.
 * @param after milliseconds from now to the time of evaluation
 * @param strict whether numeric text and absent values are refused, as in arithmetic; default: false
 */
export function linearOf(node: Node, context: LinearContext, after: number, strict = false): Linear | undefined {
  if (!context.readsClock(node)) {
    const value = context.valueOf(node);
    if (value === undefined || value === null) return strict ? undefined : ABSENT;
    const number = strict && typeof value !== 'number' ? undefined : numericValue(value);
    return number === undefined ? undefined : { base: number, slope: 0, lasts: Infinity };
  }
  if (node.kind === 'binary') return arithmetic(node, context, after);
  if (node.kind === 'pipe') return piped(node, context, after);
  if (node.kind === 'unary' && node.op === '-') {
    const operand = linearOf(node.operand, context, after, true);
    return operand === undefined ? undefined : scaled(operand, -1);
  }
  return timeInStatus(node, context, after, strict);
}

/** Returns `health.….in_status_for_ms`, which grows by one per millisecond, or undefined for any other node. */
function timeInStatus(node: Node, context: LinearContext, after: number, strict: boolean): Linear | undefined {
  const chain = chainOf(node);
  const read = chain === undefined ? undefined : healthField(chain);
  if (read?.field !== 'in_status_for_ms' || read.link.node !== node) return undefined;
  const value = context.valueOf(node);
  if (value === undefined || value === null) return strict ? undefined : ABSENT;
  return typeof value === 'number' ? { base: value + after, slope: 1, lasts: Infinity } : undefined;
}

function crossingWithin(left: Linear, right: Linear, today: boolean, test: (difference: number) => boolean): number {
  const base = left.base - right.base;
  const slope = left.slope - right.slope;
  if (slope === 0 || !Number.isFinite(base) || !Number.isFinite(slope)) return Infinity;
  const near = Math.floor(-base / slope);
  // Fractions are rounded differently here and in the evaluation, so a difference close to 0 counts as a change.
  const exact = Number.isInteger(base) && Number.isInteger(slope);
  const noise = exact ? 0 : 1e-10 * Math.max(1, Math.abs(left.base), Math.abs(right.base));
  const turns = (ms: number): boolean => {
    const difference = base + slope * ms;
    return test(difference) !== today || Math.abs(difference) < noise;
  };
  return [near - 1, near, near + 1, near + 2].find((ms) => ms >= 1 && turns(ms)) ?? Infinity;
}

/**
 * Returns the number of whole milliseconds, at least 1, until `test`, applied to the difference of two numbers, first
 * changes its result. After `MAX_KINKS` changes of a slope, returns the number of milliseconds examined so far. Returns
 * Infinity when the result never changes, and undefined when one of the numbers does not grow linearly.
 */
export function msUntilCrossing(
  left: LinearNumber,
  right: LinearNumber,
  test: (difference: number) => boolean,
): number | undefined {
  let after = 0;
  let today: boolean | undefined;
  for (let kink = 0; kink < MAX_KINKS; kink += 1) {
    const a = left(after);
    const b = right(after);
    if (a === undefined || b === undefined) return undefined;
    today ??= test(a.base - b.base);
    const lasts = Math.min(a.lasts, b.lasts);
    const ms = crossingWithin(a, b, today, test);
    if (ms <= lasts) return after + ms;
    after += lasts;
  }
  return after;
}
