import fc from 'fast-check';
import { ExpressionError } from './error';
import { evaluate, type Scope } from './evaluate';
import { parseExpression } from './parse';
import { printExpression } from './print';
import { parseBareExpression, renderTemplate } from './template';
import { fixSeed } from '../../../test/support/property-seed';

fixSeed();

/** A tree of the test's own, with its own way to be written and its own meaning. */
type Tree =
  | { t: 'value'; value: string | number | boolean | null }
  | { t: 'path'; root: string; keys: (string | number | Tree)[] }
  | { t: 'list'; items: Tree[] }
  | { t: 'not' | 'minus'; a: Tree; word: boolean }
  | { t: 'op'; op: string; a: Tree; b: Tree; word: boolean }
  | { t: 'if'; test: Tree; a: Tree; b: Tree }
  | { t: 'pipe'; a: Tree; name: string; args: Tree[] };

const SCOPE = {
  n: 7,
  zero: 0,
  neg: -2.5,
  text: 'Text',
  digits: '10',
  blank: '',
  yes: true,
  no: false,
  none: null,
  list: [1, '1', 'b', null, [2], { k: 'v' }],
  empty: [],
  object: { k: 'v', n: 1, 'odd key': { deep: [0, 1] }, constructor: 'own' },
  now: '2026-11-23T11:00:00.000Z',
} satisfies Scope;

const OPERATORS = ['==', '!=', '<', '>', '<=', '>=', 'in', '+', '-', '*', '/', '%', '&&', '||'];
const ROOTS = [...Object.keys(SCOPE), 'missing', '__proto__', 'toString'];
const KEYS = ['k', 'n', 'odd key', 'deep', 'constructor', '__proto__', 'length', '', 'in', "it's", 'a"b\\', 'line\n'];

const { tree } = fc.letrec<{ tree: Tree; key: string | number | Tree }>((tie) => ({
  key: fc.oneof({ depthSize: 'small' }, fc.constantFrom(...KEYS), fc.nat(6), tie('tree')),
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({
      t: fc.constant('value' as const),
      value: fc.oneof(
        fc.constantFrom(
          '',
          'Text',
          '10',
          ' 2 ',
          '1e1',
          'a"b\'c\\',
          '\n\t\r',
          '}}',
          '{{ x }}',
          null,
          true,
          false,
          0,
          1,
          2.5,
          1e21,
        ),
        fc.string({ maxLength: 6, unit: 'binary' }),
        fc.nat(1000),
        fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).filter((x) => !Number.isInteger(x) || x <= 2 ** 53),
      ),
    }),
    fc.record({
      t: fc.constant('path' as const),
      root: fc.constantFrom(...ROOTS),
      keys: fc.array(tie('key'), { maxLength: 3, depthIdentifier: 'keys' }),
    }),
    fc.record({ t: fc.constant('list' as const), items: fc.array(tie('tree'), { maxLength: 3 }) }),
    fc.record({ t: fc.constantFrom('not' as const, 'minus' as const), a: tie('tree'), word: fc.boolean() }),
    fc.record({
      t: fc.constant('op' as const),
      op: fc.constantFrom(...OPERATORS),
      a: tie('tree'),
      b: tie('tree'),
      word: fc.boolean(),
    }),
    fc.record({ t: fc.constant('if' as const), test: tie('tree'), a: tie('tree'), b: tie('tree') }),
    fc.record({
      t: fc.constant('pipe' as const),
      a: tie('tree'),
      name: fc.constantFrom(
        'default',
        'not',
        'length',
        'upper',
        'contains',
        'join',
        'minutes',
        'first',
        'where',
        'map',
      ),
      args: fc.array(tie('tree'), { maxLength: 2 }),
    }),
  ),
}));

function quoted(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "\\'")
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')
    .replaceAll('\r', '\\r');
  return `'${escaped}'`;
}

/** Every part in parentheses of its own. */
function write(node: Tree): string {
  switch (node.t) {
    case 'value':
      return typeof node.value === 'string' ? quoted(node.value) : String(node.value);
    case 'path': {
      const key = (k: string | number | Tree): string =>
        typeof k === 'object'
          ? `[${write(k)}]`
          : typeof k === 'number'
            ? `[${String(k)}]`
            : /^[a-z]+$/.test(k)
              ? `.${k}`
              : `[${quoted(k)}]`;
      return node.root + node.keys.map(key).join('');
    }
    case 'list':
      return `[${node.items.map(write).join(',')}]`;
    case 'not':
      return `(${node.word ? 'not ' : '!'}${write(node.a)})`;
    case 'minus':
      return `(-${write(node.a)})`;
    case 'op': {
      const word = node.op === '&&' ? ' and ' : node.op === '||' ? ' or ' : ` ${node.op} `;
      return `(${write(node.a)}${node.word ? word : ` ${node.op} `}${write(node.b)})`;
    }
    case 'if':
      return `(${write(node.test)}?${write(node.a)}:${write(node.b)})`;
    case 'pipe':
      return `(${write(node.a)}|${node.name}${node.args.length === 0 ? '' : `(${node.args.map(write).join(',')})`})`;
  }
}

class Refused extends Error {}

function asText(x: unknown): string {
  return x === null || x === undefined ? '' : typeof x === 'object' ? JSON.stringify(x) : String(x as string);
}

function asNumber(x: unknown): number | undefined {
  if (typeof x === 'string' && (x.length > 64 || !/^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(x)))
    return undefined;
  const number = typeof x === 'number' || typeof x === 'string' ? Number(x) : NaN;
  return Number.isFinite(number) ? number : undefined;
}

function isTrue(x: unknown): boolean {
  return Boolean(x) && !(typeof x === 'object' && Object.keys(x as object).length === 0);
}

function isSame(a: unknown, b: unknown): boolean {
  if ((a ?? null) === null || (b ?? null) === null) return (a ?? null) === (b ?? null);
  const type = (x: unknown): string => (Array.isArray(x) ? 'list' : typeof x);
  if (type(a) !== type(b)) return asText(a) === asText(b);
  if (typeof a !== 'object') return a === b;
  const sorted = (x: unknown): string =>
    JSON.stringify(x, (_key, value: unknown) =>
      value !== null && typeof value === 'object' && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([p], [q]) => (p < q ? -1 : 1)))
        : value,
    );
  return sorted(a) === sorted(b);
}

function isIn(a: unknown, b: unknown): boolean {
  if (Array.isArray(b)) return b.some((item) => isSame(item, a));
  if ((a ?? null) === null) return false;
  if (typeof b === 'string') return b.includes(asText(a));
  return typeof b === 'object' && b !== null && Object.hasOwn(b, asText(a));
}

function look(x: unknown, key: unknown): unknown {
  if (typeof key !== 'string' && typeof key !== 'number') return undefined;
  if (typeof x === 'string') return key === 'length' ? x.length : undefined;
  if (typeof x !== 'object' || x === null || !Object.hasOwn(x, key)) return undefined;
  return (x as Record<string, unknown>)[key];
}

function order(op: string, a: unknown, b: unknown): boolean {
  if ((a ?? null) === null || (b ?? null) === null) return false;
  const numbers = [asNumber(a), asNumber(b)];
  const [p, q] = numbers.includes(undefined) ? [asText(a), asText(b)] : numbers;
  if (p === undefined || q === undefined) return false;
  return op === '<' ? p < q : op === '>' ? p > q : op === '<=' ? p <= q : p >= q;
}

function calculate(op: string, a: unknown, b: unknown): unknown {
  if (op === '+' && (typeof a === 'string' || typeof b === 'string')) return asText(a) + asText(b);
  if (typeof a !== 'number' || typeof b !== 'number') throw new Refused();
  const result = { '+': a + b, '-': a - b, '*': a * b, '/': a / b, '%': a % b }[op] ?? NaN;
  if (!Number.isFinite(result)) throw new Refused();
  return result + 0;
}

function filter(name: string, x: unknown, args: unknown[]): unknown {
  const list = Array.isArray(x) ? (x as unknown[]) : undefined;
  switch (name) {
    case 'default':
      return x === '' || x === null || x === undefined ? args[0] : x;
    case 'not':
      return !isTrue(x);
    case 'length':
      return typeof x === 'string' ? x.length : x !== null && typeof x === 'object' ? Object.keys(x).length : 0;
    case 'upper':
      return typeof x === 'string' ? x.toUpperCase() : x;
    case 'contains':
      return isIn(args[0], x);
    case 'join':
      return list ? list.map(asText).join((args[0] ?? null) === null ? ', ' : asText(args[0])) : x;
    case 'minutes': {
      const ms = (asNumber(x) ?? NaN) * 60_000;
      return Number.isFinite(ms) ? ms : x;
    }
    case 'first':
      return list ? list[0] : typeof x === 'string' ? [...x][0] : x;
    case 'where':
      return list
        ? list.filter((i) => (args.length < 2 ? isTrue(look(i, args[0])) : isSame(look(i, args[0]), args[1])))
        : x;
    default:
      return list ? list.map((item) => look(item, args[0])) : x;
  }
}

/** The meaning of a tree, straight from the page of the language. */
function mean(node: Tree): unknown {
  switch (node.t) {
    case 'value':
      return node.value;
    case 'path':
      return node.keys.reduce<unknown>(
        (x, key) => look(x, typeof key === 'object' ? mean(key) : key),
        look(SCOPE, node.root),
      );
    case 'list':
      return node.items.map(mean);
    case 'not':
      return !isTrue(mean(node.a));
    case 'minus':
      return calculate('-', 0, mean(node.a));
    case 'if':
      return isTrue(mean(node.test)) ? mean(node.a) : mean(node.b);
    case 'pipe':
      return filter(node.name, mean(node.a), node.args.map(mean));
    case 'op': {
      const a = mean(node.a);
      if (node.op === '&&') return isTrue(a) ? mean(node.b) : a;
      if (node.op === '||') return isTrue(a) ? a : mean(node.b);
      const b = mean(node.b);
      if (node.op === '==') return isSame(a, b);
      if (node.op === '!=') return !isSame(a, b);
      if (node.op === 'in') return isIn(a, b);
      return '+-*/%'.includes(node.op) ? calculate(node.op, a, b) : order(node.op, a, b);
    }
  }
}

function outcome(run: () => unknown, refusal: new (...args: never[]) => Error): unknown {
  try {
    return { value: JSON.stringify(run()) };
  } catch (error) {
    if (error instanceof refusal) return 'refused';
    throw error;
  }
}

const soup = fc
  .array(
    fc.constantFrom(
      ...[
        'a',
        'now',
        'list',
        'b.c',
        '.',
        '[',
        ']',
        '(',
        ')',
        '|',
        '||',
        '&&',
        '==',
        '!=',
        '<',
        '>=',
        'in',
        'not',
        'and',
        '?',
        ':',
      ],
      ...[
        '+',
        '-',
        '*',
        '/',
        '%',
        '!',
        ',',
        '1',
        '2.5',
        '"x"',
        "'",
        '"',
        '\\',
        '{{',
        '}}',
        '${{ secrets.A }}',
        'upper',
        'sort',
        'join("")',
      ],
      ...[
        'date("yyyy")',
        ' ',
        '\n',
        'true',
        'null',
        '__proto__',
        'constructor',
        '😀',
        '\u0000',
        '\ud800',
        'from_json',
        'split("")',
      ],
    ),
    { maxLength: 25 },
  )
  .map((parts) => parts.join(' '));

describe('any expression', () => {
  it('prints, parses and prints the same', () => {
    fc.assert(
      fc.property(tree, (node) => {
        const printed = printExpression(parseExpression(write(node)));
        expect(printExpression(parseExpression(printed))).toBe(printed);
      }),
      { numRuns: 500 },
    );
  });

  it('means what the reference interpreter says, also when printed', () => {
    fc.assert(
      fc.property(tree, (node) => {
        const parsed = parseExpression(write(node));
        const expected = outcome(() => mean(node), Refused);
        expect(outcome(() => evaluate(parsed, SCOPE), ExpressionError)).toEqual(expected);
        const again = parseExpression(printExpression(parsed));
        expect(outcome(() => evaluate(again, SCOPE), ExpressionError)).toEqual(expected);
      }),
      { numRuns: 1500 },
    );
  });

  it('either ends within its steps with the very same value, or says that it did not', () => {
    fc.assert(
      fc.property(tree, fc.nat(60), (node, maxSteps) => {
        const parsed = parseExpression(write(node));
        try {
          const value = evaluate(parsed, SCOPE, { maxSteps });
          expect(value).toEqual(evaluate(parsed, SCOPE));
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('any text', () => {
  it.each([
    ['characters', fc.string({ unit: 'binary', maxLength: 60 })],
    ['pieces of the language', soup],
  ])('made of %s throws nothing but our error', (_what, texts) => {
    fc.assert(
      fc.property(
        texts,
        fc.anything({ withDate: true, withMap: true, withSparseArray: true, withBigInt: true }),
        (text, data) => {
          const scope = { a: data, list: [data], b: { c: data }, now: '2026-11-23T11:00:00Z' };
          for (const run of [
            () => evaluate(parseExpression(text), scope),
            () => renderTemplate({ [text]: text, list: [`x {{ ${text} }}`] }, scope),
            () => parseBareExpression(text),
            () => parseBareExpression(`{{ ${text} }}`),
          ]) {
            try {
              run();
            } catch (error) {
              expect(error).toBeInstanceOf(ExpressionError);
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('in the data is never evaluated', () => {
    fc.assert(
      fc.property(soup, (text) => {
        expect(renderTemplate('{{ data }}', { data: text })).toBe(text);
        expect(renderTemplate('<{{ data }}>', { data: text })).toBe(`<${text}>`);
        expect(renderTemplate({ list: ['{{ data }}'] }, { data: { text } })).toEqual({ list: [{ text }] });
      }),
      { numRuns: 250 },
    );
  });
});
