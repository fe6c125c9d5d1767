import type { BinaryOperator, Expression, Node } from './ast';
import { ExpressionError } from './error';
import { LruCache } from './lru-cache';
import { tokenize, type Token } from './tokenize';

/** Maximum number of characters of an expression. */
export const MAX_SOURCE = 10_000;
/** Maximum nesting of parentheses, brackets, arguments, branches and prefix operators. */
export const MAX_DEPTH = 64;
/** Maximum length of a chain such as `a || b || …`. It ensures that no walk over the tree overflows the stack. */
const MAX_HEIGHT = 1_000;

const RESERVED = new Set(['true', 'false', 'null', 'and', 'or', 'not', 'in']);
const WORDS: Readonly<Record<string, string>> = { and: '&&', or: '||', in: 'in' };
const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['==', '!='],
  ['<', '>', '<=', '>=', 'in'],
  ['+', '-'],
  ['*', '/', '%'],
];
const LEVEL_OF = new Map(LEVELS.flatMap((operators, level) => operators.map((operator) => [operator, level] as const)));

class Parser {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  #index = 0;
  #depth = 0;

  constructor(source: string, start: number, end: number) {
    this.#source = source;
    this.#tokens = tokenize(source, start, end);
  }

  parse(): Node {
    if (this.#atEnd()) this.#fail('The expression is empty');
    const root = this.#ternary();
    if (!this.#atEnd()) this.#unexpected(root);
    return root;
  }

  get #token(): Token {
    return this.#tokens[this.#index] as Token;
  }

  #atEnd(): boolean {
    return this.#token.type === 'end';
  }

  #fail(problem: string, at = this.#token.at): never {
    throw new ExpressionError(problem, this.#source, at);
  }

  #unexpected(before?: Node): never {
    const token = this.#token;
    if (token.type === 'end') this.#fail('The expression ends too early');
    const shown = this.#source.slice(token.at, token.end);
    if (before?.kind === 'pipe' && this.#operator() !== undefined) {
      this.#fail(
        `Unexpected "${shown}" after a filter: put the pipe in parentheses, (value | ${before.filter}) ${shown} …`,
      );
    }
    if (before?.kind === 'name' && shown === '(') {
      this.#fail(`Expressions have no functions. Write the filter as value | ${before.name}(…)`);
    }
    this.#fail(`Unexpected ${token.type === 'text' ? shown : `"${shown}"`}`);
  }

  #is(symbol: string): boolean {
    const token = this.#token;
    return token.type === 'symbol' && token.value === symbol;
  }

  #take(symbol: string): boolean {
    if (!this.#is(symbol)) return false;
    this.#index += 1;
    return true;
  }

  #expect(symbol: string, opened: number): void {
    if (this.#take(symbol)) return;
    if (this.#atEnd()) this.#fail(`"${symbol}" is missing: it closes what is opened here`, opened);
    this.#fail(`Expected "${symbol}" instead of "${this.#source.slice(this.#token.at, this.#token.end)}"`);
  }

  #operator(): string | undefined {
    const token = this.#token;
    if (token.type === 'symbol') return LEVEL_OF.has(token.value) ? token.value : undefined;
    return token.type === 'name' && Object.hasOwn(WORDS, token.value) ? WORDS[token.value] : undefined;
  }

  #heightOver(at: number, ...parts: readonly Node[]): number {
    let height = 0;
    for (const part of parts) if (part.height > height) height = part.height;
    if (height >= MAX_HEIGHT) this.#fail(`The expression chains more than ${String(MAX_HEIGHT)} operations`, at);
    return height + 1;
  }

  #nested(parse: () => Node): Node {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) this.#fail(`The expression is nested deeper than ${String(MAX_DEPTH)}`);
    const node = parse();
    this.#depth -= 1;
    return node;
  }

  readonly #ternary = (): Node => {
    const test = this.#pipe();
    const at = this.#token.at;
    if (!this.#take('?')) return test;
    const then = this.#nested(this.#ternary);
    if (!this.#take(':')) this.#fail('Expected ":" and the other value of a ? b : c');
    const otherwise = this.#nested(this.#ternary);
    return { kind: 'ternary', test, then, otherwise, at, height: this.#heightOver(at, test, then, otherwise) };
  };

  #pipe(): Node {
    let input = this.#binary(0);
    while (this.#take('|')) {
      const token = this.#token;
      if (token.type !== 'name') this.#fail('Expected the name of a filter after "|"');
      this.#index += 1;
      const opened = this.#token.at;
      const args = this.#take('(') ? this.#items(')', opened) : [];
      const height = this.#heightOver(token.at, input, ...args);
      input = { kind: 'pipe', input, filter: token.value, args, at: token.at, height };
    }
    return input;
  }

  #binary(level: number): Node {
    let left = level === LEVELS.length - 1 ? this.#unary() : this.#binary(level + 1);
    for (;;) {
      const op = this.#operator();
      if (op === undefined || LEVEL_OF.get(op) !== level) return left;
      const at = this.#token.at;
      this.#index += 1;
      const right = level === LEVELS.length - 1 ? this.#unary() : this.#binary(level + 1);
      const height = this.#heightOver(at, left, right);
      left =
        op === '&&' || op === '||'
          ? { kind: 'logical', op, left, right, at, height }
          : { kind: 'binary', op: op as BinaryOperator, left, right, at, height };
    }
  }

  readonly #unary = (): Node => {
    const token = this.#token;
    const word = token.type === 'name' && token.value === 'not';
    if (!word && !this.#is('!') && !this.#is('-')) return this.#postfix();
    this.#index += 1;
    const operand = this.#nested(this.#unary);
    const op = !word && token.value === '-' ? '-' : '!';
    return { kind: 'unary', op, operand, at: token.at, height: this.#heightOver(token.at, operand) };
  };

  #postfix(): Node {
    let object = this.#primary();
    for (;;) {
      const at = this.#token.at;
      if (this.#take('.')) object = this.#dot(object);
      else if (this.#take('[')) object = this.#bracket(object, at);
      else return object;
    }
  }

  #dot(object: Node): Node {
    const token = this.#token;
    if (token.type === 'number') this.#fail('Write [0] to read an item of a list');
    if (token.type !== 'name') this.#fail('Expected a name after "."');
    this.#index += 1;
    return { kind: 'member', object, key: token.value, at: token.at, height: this.#heightOver(token.at, object) };
  }

  #bracket(object: Node, opened: number): Node {
    const index = this.#nested(this.#ternary);
    this.#expect(']', opened);
    const height = this.#heightOver(opened, object, index);
    if (index.kind === 'literal' && (typeof index.value === 'string' || typeof index.value === 'number')) {
      return { kind: 'member', object, key: index.value, at: index.at, height };
    }
    return { kind: 'index', object, index, at: opened, height };
  }

  #items(close: string, opened: number): Node[] {
    const items: Node[] = [];
    if (this.#take(close)) return items;
    do {
      items.push(this.#nested(this.#ternary));
    } while (this.#take(','));
    this.#expect(close, opened);
    return items;
  }

  #primary(): Node {
    const token = this.#token;
    if (token.type === 'number' || token.type === 'text') {
      this.#index += 1;
      return { kind: 'literal', value: token.value, at: token.at, height: 1 };
    }
    if (token.type === 'name') return this.#word(token.value, token.at);
    if (this.#take('(')) {
      const inner = this.#nested(this.#ternary);
      this.#expect(')', token.at);
      return inner;
    }
    if (this.#take('[')) {
      const items = this.#items(']', token.at);
      return { kind: 'list', items, at: token.at, height: this.#heightOver(token.at, ...items) };
    }
    return this.#unexpected();
  }

  #word(name: string, at: number): Node {
    if (RESERVED.has(name) && name !== 'true' && name !== 'false' && name !== 'null') this.#unexpected();
    this.#index += 1;
    if (name === 'null') return { kind: 'literal', value: null, at, height: 1 };
    if (name === 'true' || name === 'false') return { kind: 'literal', value: name === 'true', at, height: 1 };
    if (this.#is('(')) this.#unexpected({ kind: 'name', name, at, height: 1 });
    return { kind: 'name', name, at, height: 1 };
  }
}

/**
 * Parses the part of `source` from `start` to `end`. Positions in errors and nodes refer to the whole `source`.
 * @throws ExpressionError
 */
export function parseRange(source: string, start: number, end: number): Expression {
  if (end - start > MAX_SOURCE) {
    throw new ExpressionError(`The expression is longer than ${String(MAX_SOURCE)} characters`, source, start);
  }
  return { source, root: new Parser(source, start, end).parse() };
}

// The key is the source alone and the results never change, so sharing the cache between callers affects only speed.
const parsed = new LruCache<Expression>(2_000, 2_000_000);

/**
 * Parses an expression, or returns the cached result for the same text. An expression may have at most 10,000
 * characters and 64 levels.
 * @throws ExpressionError with line, column and excerpt
 */
export function parseExpression(source: string): Expression {
  const known = parsed.get(source);
  if (known !== undefined) return known;
  const expression = parseRange(source, 0, source.length);
  parsed.set(source, expression);
  return expression;
}
