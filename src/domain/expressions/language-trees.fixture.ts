import fc from 'fast-check';
import type { Scope } from './evaluate';

/** A tree in the property test, from which both the source text and the expected value are derived. */
export type Tree =
  | { t: 'value'; value: string | number | boolean | null }
  | { t: 'path'; root: string; keys: (string | number | Tree)[] }
  | { t: 'list'; items: Tree[] }
  | { t: 'not' | 'minus'; a: Tree; word: boolean }
  | { t: 'op'; op: string; a: Tree; b: Tree; word: boolean }
  | { t: 'if'; test: Tree; a: Tree; b: Tree }
  | { t: 'pipe'; a: Tree; name: string; args: Tree[] };

/** The scope against which the trees are evaluated. */
export const SCOPE = {
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

/** Arbitrary trees of every kind. Smaller trees are more frequent. */
export const { tree } = fc.letrec<{ tree: Tree; key: string | number | Tree }>((tie) => ({
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

/** Returns the source text of a tree, with parentheses around every operation. */
export function write(node: Tree): string {
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
