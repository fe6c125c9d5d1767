import type { BinaryNode, Node, PipeNode } from './ast';
import { chainOf } from './chain';
import { healthField } from './clock-parts';
import { parseInstant } from './instant';
import { numericValue } from './numeric';

export type Comparison = '==' | '!=' | '<' | '>' | '<=' | '>=';

/** A number that grows evenly with time: `base` now, `slope` more with each millisecond. NaN = absent, and stays so. */
export interface Linear {
  readonly base: number;
  readonly slope: number;
}

/** What the analysis needs to know about the nodes of one expression. */
export interface LinearContext {
  /** Milliseconds since 1970. */
  readonly now: number;
  readsClock(node: Node): boolean;
  /** @throws ExpressionError */
  valueOf(node: Node): unknown;
}

const UNIT_MS: Readonly<Record<string, number>> = { minutes: 60_000, hours: 3_600_000, days: 86_400_000 };
const ABSENT: Linear = { base: NaN, slope: 0 };

function scaled({ base, slope }: Linear, factor: number): Linear {
  return { base: base * factor, slope: slope * factor };
}

function arithmetic(node: BinaryNode, context: LinearContext): Linear | undefined {
  const left = linearOf(node.left, context, true);
  const right = left === undefined ? undefined : linearOf(node.right, context, true);
  if (left === undefined || right === undefined) return undefined;
  if (node.op === '+') return { base: left.base + right.base, slope: left.slope + right.slope };
  if (node.op === '-') return { base: left.base - right.base, slope: left.slope - right.slope };
  if (node.op === '*' && right.slope === 0) return scaled(left, right.base);
  if (node.op === '*' && left.slope === 0) return scaled(right, left.base);
  return node.op === '/' && right.slope === 0 ? scaled(left, 1 / right.base) : undefined;
}

function piped(node: PipeNode, context: LinearContext): Linear | undefined {
  if (node.filter === 'duration_since' && !context.readsClock(node.input)) {
    const since = parseInstant(context.valueOf(node.input));
    return since === undefined ? { base: 0, slope: 0 } : { base: context.now - since, slope: 1 };
  }
  if (node.filter === 'default' && node.args[0] !== undefined) {
    const input = context.valueOf(node.input);
    return linearOf(input === undefined || input === null || input === '' ? node.args[0] : node.input, context, true);
  }
  const unit = Object.hasOwn(UNIT_MS, node.filter) ? UNIT_MS[node.filter] : undefined;
  const input = unit === undefined ? undefined : linearOf(node.input, context, true);
  return input === undefined || unit === undefined ? undefined : scaled(input, unit);
}

/**
 * A node as a number that grows evenly with time; undefined when it is none.
 * @param strict numeric text does not count, as in arithmetic
 */
export function linearOf(node: Node, context: LinearContext, strict = false): Linear | undefined {
  if (!context.readsClock(node)) {
    const value = context.valueOf(node);
    if (value === undefined || value === null) return strict ? undefined : ABSENT;
    const number = strict && typeof value !== 'number' ? undefined : numericValue(value);
    return number === undefined ? undefined : { base: number, slope: 0 };
  }
  if (node.kind === 'binary') return arithmetic(node, context);
  if (node.kind === 'pipe') return piped(node, context);
  if (node.kind === 'unary' && node.op === '-') {
    const operand = linearOf(node.operand, context, true);
    return operand === undefined ? undefined : scaled(operand, -1);
  }
  const chain = chainOf(node);
  const read = chain === undefined ? undefined : healthField(chain);
  if (read?.field !== 'in_status_for_ms' || read.link.node !== node) return undefined;
  const value = context.valueOf(node);
  if (value === undefined || value === null) return strict ? undefined : ABSENT;
  return typeof value === 'number' ? { base: value, slope: 1 } : undefined;
}

/** Whole milliseconds, at least 1, until the test of the difference of two numbers first turns; undefined for never. */
export function crossing(left: Linear, right: Linear, test: (difference: number) => boolean): number | undefined {
  const base = left.base - right.base;
  const slope = left.slope - right.slope;
  if (slope === 0 || !Number.isFinite(base) || !Number.isFinite(slope)) return undefined;
  const near = Math.floor(-base / slope);
  const today = test(base);
  // Fractions are rounded differently here and in the evaluation: what is all but equal may turn there already.
  const exact = Number.isInteger(base) && Number.isInteger(slope);
  const noise = exact ? 0 : 1e-10 * Math.max(1, Math.abs(left.base), Math.abs(right.base));
  const turns = (ms: number): boolean => {
    const difference = base + slope * ms;
    return test(difference) !== today || Math.abs(difference) < noise;
  };
  return [near - 1, near, near + 1, near + 2].find((ms) => ms >= 1 && turns(ms));
}
