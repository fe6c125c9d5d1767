import type { BinaryNode, BinaryOperator, Expression, LogicalNode, Node, PipeNode } from './ast';
import { childrenOf } from './ast';
import { chainOf } from './chain';
import {
  consumesWholeHealth,
  healthField,
  ownClockParts,
  type ChangeHint,
  type ClockField,
  type HealthField,
} from './clock-parts';
import { compareValues } from './compare';
import { ExpressionError } from './error';
import { Evaluation, type EvaluateOptions, type Scope } from './evaluate';
import { parseInstant } from './instant';
import { msUntilCrossing, linearOf, type Comparison, type LinearContext } from './linear';
import { ownValue } from './plain-data';
import { truthy } from './truthy';

/**
 * The time at which a value changes; null when the passage of time alone does not change it; `unknown` when the time
 * cannot be computed.
 */
export type EarliestChange = Date | null | 'unknown';

/**
 * Milliseconds until the next evaluation when the time of the change is unknown. If another change is known to occur
 * earlier, its time is used instead.
 */
export const RECHECK_MS = 60_000;

type Change = number | 'never' | 'unknown';
const LAST_ISO = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
const COMPARISONS = new Set<BinaryOperator>(['==', '!=', '<', '>', '<=', '>=']);

/**
 * The times that the scope provides alongside fields that are computed from a window. Other fields depend on
 * maintenances.
 */
const HINTS: Partial<Record<ClockField, ChangeHint>> = {
  transitions_in_window: 'transitions_window_changes_at',
  avg_latency_ms: 'results_window_changes_at',
  p95_latency_ms: 'results_window_changes_at',
  success_rate: 'results_window_changes_at',
};

/**
 * Returns the earliest of several changes after `now`. An unknown change counts only if no known change occurs within
 * `RECHECK_MS`.
 */
function earliest(now: number, changes: readonly Change[]): Change {
  const known = changes.reduce<number>(
    (least, change) => (typeof change === 'number' ? Math.min(least, change) : least),
    Infinity,
  );
  if (changes.includes('unknown') && known > now + RECHECK_MS) return 'unknown';
  return known <= LAST_ISO ? known : 'never';
}

/** Returns the earliest change of several parts of a condition, or null when none of them ever changes. */
export function earliestOf(now: Date, changes: readonly EarliestChange[]): EarliestChange {
  const result = earliest(
    now.getTime(),
    changes.map((change) => (change === null ? 'never' : change === 'unknown' ? change : change.getTime())),
  );
  if (result === 'never') return null;
  return result === 'unknown' ? result : new Date(result);
}

function holds(op: Comparison, order: number | undefined): boolean {
  switch (op) {
    case '==':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return (order ?? NaN) < 0;
    case '>':
      return (order ?? NaN) > 0;
    case '<=':
      return (order ?? NaN) <= 0;
    case '>=':
      return (order ?? NaN) >= 0;
  }
}

/**
 * Returns the first time after `now`, in milliseconds since 1970, whose ISO text passes `test`. From then on, `test`
 * must remain true. Returns `LAST_ISO + 1` when no time passes the test.
 */
function firstInstant(now: number, test: (iso: string) => boolean): number {
  let before = now;
  let at = LAST_ISO + 1;
  while (at - before > 1) {
    const middle = Math.floor((before + at) / 2);
    if (test(new Date(middle).toISOString())) at = middle;
    else before = middle;
  }
  return at;
}

class ClockAnalysis implements LinearContext {
  readonly #evaluation: Evaluation;
  readonly #clocked = new Set<Node>();

  constructor(
    readonly expression: Expression,
    scope: Scope,
    readonly now: number,
    options: EvaluateOptions,
  ) {
    this.#evaluation = new Evaluation(scope, { ...options, now: new Date(now) });
    this.#mark(expression.root);
  }

  #mark(node: Node): boolean {
    let clocked = ownClockParts(node).length > 0;
    for (const child of childrenOf(node)) clocked = this.#mark(child) || clocked;
    if (clocked) this.#clocked.add(node);
    return clocked;
  }

  readsClock(node: Node): boolean {
    return this.#clocked.has(node);
  }

  valueOf(node: Node): unknown {
    return this.#evaluation.value({ source: this.expression.source, root: node });
  }

  changeOf(node: Node): Change {
    if (!this.readsClock(node)) return 'never';
    if (consumesWholeHealth(node)) return 'unknown';
    switch (node.kind) {
      case 'name':
        return 'unknown';
      case 'logical':
        return this.#logical(node);
      case 'ternary': {
        const branch = truthy(this.valueOf(node.test)) ? node.then : node.otherwise;
        return earliest(this.now, [this.changeOf(node.test), this.changeOf(branch)]);
      }
      case 'binary':
        return this.#binary(node);
      case 'pipe':
        return this.#pipe(node);
      case 'member':
      case 'index':
        return this.#lookup(node);
      case 'literal':
      case 'list':
      case 'unary':
        return this.#ofParts(node);
    }
  }

  #ofParts(node: Node): Change {
    return earliest(
      this.now,
      childrenOf(node).map((child) => this.changeOf(child)),
    );
  }

  /**
   * Returns when an `and` or `or` can next change. The right side matters only while the left side does not decide the
   * result.
   */
  #logical(node: LogicalNode): Change {
    const left = this.changeOf(node.left);
    if (truthy(this.valueOf(node.left)) !== (node.op === '&&')) return left;
    return earliest(this.now, [left, this.changeOf(node.right)]);
  }

  #binary(node: BinaryNode): Change {
    if (!COMPARISONS.has(node.op)) return this.#ofParts(node);
    const op = node.op as Comparison;
    const nowIsLeft = node.left.kind === 'name' && node.left.name === 'now';
    const nowIsRight = node.right.kind === 'name' && node.right.name === 'now';
    if (nowIsLeft && !this.readsClock(node.right)) return this.#nowAgainst(this.valueOf(node.right), op, 1);
    if (nowIsRight && !this.readsClock(node.left)) return this.#nowAgainst(this.valueOf(node.left), op, -1);
    const ms = msUntilCrossing(
      (after) => linearOf(node.left, this, after),
      (after) => linearOf(node.right, this, after),
      (difference) => holds(op, Number.isNaN(difference) ? undefined : difference),
    );
    return ms === undefined ? this.#ofParts(node) : this.now + ms;
  }

  #nowAgainst(other: unknown, op: Comparison, sign: 1 | -1): Change {
    const order = (iso: string): number | undefined => compareValues(iso, other, this.#evaluation);
    const test = (iso: string): boolean => {
      const against = order(iso);
      return holds(op, against === undefined ? undefined : against * sign);
    };
    if (order(new Date(this.now).toISOString()) === undefined) return 'never';
    const today = test(new Date(this.now).toISOString());
    const reaches = firstInstant(this.now, (iso) => (order(iso) ?? 0) >= 0);
    const passes = firstInstant(this.now, (iso) => (order(iso) ?? 0) > 0);
    return [reaches, passes].find((at) => at <= LAST_ISO && test(new Date(at).toISOString()) !== today) ?? 'never';
  }

  #pipe(node: PipeNode): Change {
    if (node.filter === 'older_than') return this.#olderThan(node);
    if (node.filter !== 'duration_since') return this.#ofParts(node);
    return parseInstant(this.valueOf(node.input)) === undefined ? this.changeOf(node.input) : 'unknown';
  }

  #olderThan(node: PipeNode): Change {
    const [threshold] = node.args;
    if (this.readsClock(node.input) || threshold === undefined) return this.#ofParts(node);
    const since = parseInstant(this.valueOf(node.input));
    if (since === undefined) return 'never';
    const ms = msUntilCrossing(
      (after) => ({ base: this.now + after - since, slope: 1, lasts: Infinity }),
      (after) => linearOf(threshold, this, after),
      (difference) => difference >= 0,
    );
    return ms === undefined ? this.#ofParts(node) : this.now + ms;
  }

  #lookup(node: Node): Change {
    const chain = chainOf(node);
    const read = chain === undefined ? undefined : healthField(chain);
    if (read === undefined) return this.#ofParts(node);
    return this.#field(read);
  }

  #field({ field, link }: HealthField): Change {
    if (field === 'any') return 'unknown';
    const value = this.valueOf(link.node);
    if (value === undefined || value === null) return 'never';
    if (field === 'in_status_for_ms' || field === 'evaluated_at') return 'unknown';
    if (field === 'transitions_in_window' && value === 0) return 'never';
    const hint = HINTS[field] ?? (truthy(value) ? 'maintenance_ends_at' : 'maintenance_starts_at');
    return this.#hint(ownValue(this.valueOf(link.node.object), hint));
  }

  /**
   * Interprets a time that the scope provides alongside a field: null = the field never changes; absent or past =
   * unknown.
   */
  #hint(value: unknown): Change {
    if (value === null) return 'never';
    const at = parseInstant(value);
    return at !== undefined && at > this.now ? at : 'unknown';
  }
}

/**
 * Returns the earliest time strictly after `now` at which the value of an expression could change while the scope stays
 * the same. The time is computed for `older_than`, for comparisons of `in_status_for_ms` and `duration_since` (which
 * may be added, subtracted or scaled) with numbers, and for comparisons of `now` with text. It is also computed for
 * maintenances and windows if the scope provides the times: a health entity may have `maintenance_ends_at` and
 * `maintenance_starts_at` alongside `in_maintenance`, `transitions_window_changes_at` alongside
 * `transitions_in_window`, and `results_window_changes_at` alongside latencies and rates. These times are ISO text, or
 * null for "none". The result is `unknown` for all other parts and for an expression that fails. In this case, evaluate
 * the expression again after {@link RECHECK_MS}. Never throws an `ExpressionError`.
 */
export function earliestChange(
  expression: Expression,
  scope: Scope,
  now: Date,
  options: EvaluateOptions = {},
): EarliestChange {
  try {
    const change = new ClockAnalysis(expression, scope, now.getTime(), options).changeOf(expression.root);
    return earliestOf(now, [change === 'never' ? null : change === 'unknown' ? change : new Date(change)]);
  } catch (error) {
    if (error instanceof ExpressionError) return 'unknown';
    throw error;
  }
}
