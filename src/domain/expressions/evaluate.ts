import type { BinaryNode, Expression, Node, PipeNode } from './ast';
import { MAX_RESULT, textCost } from './budget';
import { compareValues, includes, looseEquals } from './compare';
import { ExpressionError } from './error';
import { standardFilters, unknownFilter, type FilterRegistry } from './filter-registry';
import type { FilterContext } from './filters/filter';
import { parseInstant } from './instant';
import { admit, ownValue, ResultSize, toPlain } from './plain-data';
import { toText, typeName } from './text';
import { truthy } from './truthy';

/** The names with which an expression can start, and their values. */
export type Scope = Readonly<Record<string, unknown>>;

export interface EvaluateOptions {
  /** The time of this evaluation, for `now` and the time filters. Default: `scope.now`. */
  readonly now?: Date;
  /** Number of steps after which an evaluation fails. Default: 500,000. */
  readonly maxSteps?: number;
  /** Steps that several evaluations share; default: not shared. `maxSteps` still applies to each evaluation. */
  readonly shared?: SharedSteps;
  /** Default: the built-in filters. */
  readonly filters?: FilterRegistry;
}

/** Maximum number of steps of an evaluation or a rendering. This many steps take at most a few tens of milliseconds. */
export const DEFAULT_MAX_STEPS = 500_000;
/**
 * The total number of steps left for several evaluations, e.g. those of all variables or all conditions of a document.
 */
export interface SharedSteps {
  left: number;
}

/**
 * Creates a budget of steps that several evaluations share. The budget is `count` (default: 4) times the default
 * maximum of one evaluation, which takes at most a few tens of milliseconds.
 */
export const createSharedSteps = (count = 4): SharedSteps => ({ left: count * DEFAULT_MAX_STEPS });

const NO_OPTIONS: EvaluateOptions = {};
const DATE_ONLY = 10;

/**
 * Returns the milliseconds since 1970 if `text` is a date with a time. Returns undefined for any other text, including
 * a date without a time.
 */
const timeOf = (text: string): number | undefined => (text.trim().length > DATE_ONLY ? parseInstant(text) : undefined);

function costOf(value: unknown): number {
  if (typeof value === 'string') return textCost(value.length);
  return Array.isArray(value) ? 1 + value.length : 1;
}

/**
 * Returns a member of an object. Names directly below `headers` are case-insensitive, as in HTTP, and are stored in
 * lower case.
 */
function lookUp(node: Node, object: unknown, key: string | number): unknown {
  const value = ownValue(object, key);
  const isHeader = node.kind === 'member' && node.key === 'headers' && typeof key === 'string';
  return value === undefined && isHeader ? ownValue(object, key.toLowerCase()) : value;
}

/** Evaluates nodes against one scope with one budget. Several expressions may use the same evaluation. */
export class Evaluation implements FilterContext {
  readonly #scope: Scope;
  readonly #filters: FilterRegistry;
  readonly #givenNow: Date | undefined;
  #now: Date | undefined;
  readonly #shared: SharedSteps | undefined;
  /** Number of steps that were left when `settle` last ran. Initially, the maximum number of steps. */
  #granted: number;
  #steps: number;
  #source = '';
  #at = 0;

  constructor(scope: Scope, options: EvaluateOptions) {
    this.#scope = scope;
    this.#filters = options.filters ?? standardFilters;
    this.#givenNow = options.now;
    this.#shared = options.shared;
    this.#granted = Math.min(options.maxSteps ?? DEFAULT_MAX_STEPS, options.shared?.left ?? Infinity);
    this.#steps = this.#granted;
  }

  get now(): Date | undefined {
    if (this.#now === undefined) {
      const instant = parseInstant(this.#givenNow ?? ownValue(this.#scope, 'now'));
      if (instant !== undefined) this.#now = new Date(instant);
    }
    return this.#now;
  }

  spend(steps: number): void {
    this.#steps -= steps;
    // The comparison also ends the evaluation when the cost is not a number.
    if (!(this.#steps >= 0)) this.fail('The evaluation takes too many steps');
  }

  /** Subtracts the steps used since the last call from the shared steps. */
  settle(): void {
    if (this.#shared === undefined) return;
    this.#shared.left -= this.#granted - this.#steps;
    this.#granted = this.#steps;
  }

  fail(problem: string): never {
    throw new ExpressionError(problem, this.#source, this.#at);
  }

  /**
   * Returns the value of an expression. Lists and objects in the value may still be part of the scope.
   * @throws ExpressionError
   */
  value({ source, root }: Expression): unknown {
    this.#source = source;
    this.#at = root.at;
    try {
      return this.#visit(root);
    } catch (error) {
      if (error instanceof ExpressionError) throw error;
      // The stack may overflow if the caller has already used most of it.
      return this.fail(
        `The expression could not be evaluated: ${error instanceof Error ? error.message : 'unknown error'}`,
      );
    } finally {
      this.settle();
    }
  }

  #truthy(value: unknown): boolean {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return truthy(value);
    // Testing whether an object is empty reads all its keys.
    const keys = Object.keys(value).length;
    this.spend(keys);
    return keys > 0;
  }

  #visit(node: Node): unknown {
    if ((this.#steps -= 1) < 0) this.spend(1);
    switch (node.kind) {
      case 'literal':
        return node.value;
      case 'name':
        if (node.name === 'now' && this.#givenNow !== undefined) return this.now?.toISOString();
        return ownValue(this.#scope, node.name);
      case 'member':
        return lookUp(node.object, this.#visit(node.object), node.key);
      case 'index': {
        const object = this.#visit(node.object);
        const index = this.#visit(node.index);
        return typeof index === 'string' || typeof index === 'number' ? lookUp(node.object, object, index) : undefined;
      }
      case 'logical': {
        const left = this.#visit(node.left);
        return this.#truthy(left) === (node.op === '&&') ? this.#visit(node.right) : left;
      }
      case 'unary': {
        const operand = this.#visit(node.operand);
        return node.op === '!' ? !this.#truthy(operand) : this.#number(-this.#operand(operand, node), node);
      }
      case 'binary':
        return this.#binary(node, this.#visit(node.left), this.#visit(node.right));
      case 'ternary':
        return this.#visit(this.#truthy(this.#visit(node.test)) ? node.then : node.otherwise);
      case 'list':
        return node.items.map((item) => this.#visit(item));
      case 'pipe':
        return this.#pipe(node);
    }
  }

  #binary(node: BinaryNode, left: unknown, right: unknown): unknown {
    this.#at = node.at;
    switch (node.op) {
      case '==':
        return this.#equal(left, right);
      case '!=':
        return !this.#equal(left, right);
      case '<':
        return (compareValues(left, right, this) ?? NaN) < 0;
      case '>':
        return (compareValues(left, right, this) ?? NaN) > 0;
      case '<=':
        return (compareValues(left, right, this) ?? NaN) <= 0;
      case '>=':
        return (compareValues(left, right, this) ?? NaN) >= 0;
      case 'in':
        return includes(right, left, this);
      case '+':
        return this.#add(node, left, right);
      case '-':
        return this.#subtract(node, left, right);
      case '*':
        return this.#number(this.#operand(left, node) * this.#operand(right, node), node);
      case '/':
        return this.#number(this.#operand(left, node) / this.#divisor(right, node), node);
      case '%':
        return this.#number(this.#operand(left, node) % this.#divisor(right, node), node);
    }
  }

  #equal(left: unknown, right: unknown): boolean {
    if (typeof left === 'string' && typeof right === 'string') {
      this.spend(left.length < 64 ? 0 : textCost(left.length));
      return left === right;
    }
    return looseEquals(left, right, this);
  }

  /** Adds numbers, concatenates text, or moves a time by milliseconds: `now + (2 | hours)`. */
  #add(node: BinaryNode, left: unknown, right: unknown): unknown {
    if (typeof left === 'number' && typeof right === 'number') return this.#number(left + right, node);
    if (typeof left === 'string' && typeof right === 'number') return this.#moved(node, left, right, right);
    if (typeof left === 'number' && typeof right === 'string') return this.#moved(node, right, left, left);
    if (typeof left !== 'string' && typeof right !== 'string') {
      this.fail(`"+" adds numbers and joins strings, got ${typeName(left)} and ${typeName(right)}`);
    }
    const leftText = toText(left, this);
    const rightText = toText(right, this);
    this.spend(textCost(leftText.length + rightText.length));
    if (leftText.length + rightText.length > MAX_RESULT) this.fail('The text is longer than 1 MB');
    return leftText + rightText;
  }

  /**
   * Subtracts numbers, subtracts milliseconds from a time, or subtracts one time from another, which gives
   * milliseconds.
   */
  #subtract(node: BinaryNode, left: unknown, right: unknown): unknown {
    if (typeof left === 'string') {
      if (typeof right === 'number') return this.#moved(node, left, -right, right);
      const [from, to] = [timeOf(left), typeof right === 'string' ? timeOf(right) : undefined];
      if (from !== undefined && to !== undefined) return this.#number(from - to, node);
    }
    return this.#number(this.#operand(left, node) - this.#operand(right, node), node);
  }

  /** Returns the time `ms` milliseconds after the time `text`, as ISO 8601 in UTC. */
  #moved(node: BinaryNode, text: string, ms: number, number: number): string {
    const instant = timeOf(text);
    if (instant === undefined) {
      this.#at = node.at;
      if (node.op === '-') this.fail('"-" needs a number or a time, got a string');
      this.fail(
        '"+" adds a number of milliseconds to a time, but this string is not a time. ' +
          `To join strings and ${String(number)}, write them next to each other in a template: {{ a }}{{ b }}`,
      );
    }
    const moved = new Date(instant + ms);
    if (Number.isNaN(moved.getTime())) this.fail('The result is not a time between the years -271821 and 275760');
    return moved.toISOString();
  }

  #operand(value: unknown, node: Node & { op: string }): number {
    if (typeof value === 'number') return value;
    this.#at = node.at;
    return this.fail(`"${node.op}" needs a number, got ${typeName(value)}`);
  }

  #divisor(value: unknown, node: BinaryNode): number {
    const divisor = this.#operand(value, node);
    return divisor === 0 ? this.fail('Division by zero') : divisor;
  }

  #number(value: number, node: Node): number {
    if (Number.isFinite(value)) return value === 0 ? 0 : value;
    this.#at = node.at;
    return this.fail('The result is not a finite number');
  }

  #pipe(node: PipeNode): unknown {
    const input = this.#visit(node.input);
    const args = node.args.map((arg) => this.#visit(arg));
    this.#at = node.at;
    const filter = this.#filters.get(node.filter);
    if (filter === undefined) throw unknownFilter(node.filter, this.#filters, this.#source, node.at);
    this.spend(args.reduce<number>((cost, arg) => cost + costOf(arg), costOf(input)));
    let result: unknown;
    try {
      result = filter(input, args, this);
    } catch (error) {
      if (error instanceof ExpressionError) throw error;
      this.fail(`The filter "${node.filter}" failed: ${error instanceof Error ? error.message : 'unknown error'}`);
    }
    if (typeof result === 'string' && result.length > MAX_RESULT) this.fail('The text is longer than 1 MB');
    return admit(result);
  }
}

/**
 * Evaluates a parsed expression. The result is plain data that shares no lists or objects with the scope. A lookup
 * reads only own data properties of plain objects and lists. Functions in the data are never called.
 * @throws ExpressionError for arithmetic on a value that is not a number, a division by zero, an unknown filter, more
 * than `maxSteps` steps, or a result over 1 MB
 */
export function evaluate(expression: Expression, scope: Scope, options: EvaluateOptions = NO_OPTIONS): unknown {
  const evaluation = new Evaluation(scope, options);
  const value = evaluation.value(expression);
  if (typeof value !== 'object' && typeof value !== 'string') return value;
  return value === null ? null : toPlain(value, new ResultSize(evaluation));
}
