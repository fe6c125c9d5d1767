import { ExpressionError } from './error';
import { evaluate, type Scope } from './evaluate';
import { parseExpression } from './parse';
import { renderTemplate } from './template';

/**
 * Names of the traps that were called. The traps are own properties, so that an absent property cannot be mistaken for
 * an inherited property.
 */
const touched: string[] = [];
const trap = (name: string) => (): string => {
  touched.push(name);
  return 'escaped';
};
class Instance {
  secret = 'escaped';
}
const trapped: Record<string, unknown> = {
  toString: trap('toString'),
  valueOf: trap('valueOf'),
  toJSON: trap('toJSON'),
  then: trap('then'),
  length: 3,
  [Symbol.toPrimitive]: trap('toPrimitive'),
  [Symbol.iterator]: trap('iterator'),
};
Object.defineProperty(trapped, 'getter', { enumerable: true, get: trap('getter') });
const listWithGetter: unknown[] = [1];
Object.defineProperty(listWithGetter, 1, { enumerable: true, get: trap('list getter') });
const scope: Scope = {
  trigger: { payload: { text: 'x', list: [1], object: { a: 1 } } },
  proto: JSON.parse('{"__proto__": {"polluted": true}, "constructor": "mine", "toString": "text"}') as unknown,
  inherited: Object.create({ secret: 'escaped' }) as unknown,
  instance: new Instance(),
  f: trap('function'),
  regex: /x/g,
  error: new Error('escaped'),
  trapped,
  listWithGetter,
  symbol: Symbol('s'),
};

afterEach(() => {
  expect(touched).toEqual([]);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

const NAMES = [
  'constructor',
  '__proto__',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
  '__lookupGetter__',
  'call',
  'apply',
  'bind',
  'caller',
  'callee',
  'arguments',
  'map',
  'constructor.constructor',
  '__proto__.constructor',
  'constructor.prototype',
];
const BASES = [
  '""',
  '"x"',
  '1',
  'true',
  '[]',
  '[1]',
  'trigger',
  'trigger.payload.list',
  'f',
  'instance',
  'inherited',
  'regex',
  'error',
];

describe('a property outside the data of the scope', () => {
  it.each(BASES)('is absent below %s', (base) => {
    for (const name of NAMES) {
      expect(evaluate(parseExpression(`(${base}).${name}`), scope)).toBeUndefined();
      const [first = '', ...rest] = name.split('.');
      const tail = rest.map((key) => `.${key}`).join('');
      expect(evaluate(parseExpression(`(${base})["${first}"]${tail}`), scope)).toBeUndefined();
      expect(evaluate(parseExpression(`(${base})["" + "${first}"]${tail}`), scope)).toBeUndefined();
      expect(evaluate(parseExpression(`[${base}] | map("${first}") | first`), scope)).toBeUndefined();
    }
  });

  it.each([
    ...[
      'constructor',
      '__proto__',
      'toString',
      'globalThis',
      'process',
      'require',
      'Function',
      'eval',
      'this',
      'window',
    ],
    ...[
      'inherited.secret',
      'instance.secret',
      'error.message',
      'regex.source',
      'f',
      'f.name',
      'symbol',
      'trapped.getter',
    ],
  ])('%s is absent', (source) => {
    expect(evaluate(parseExpression(source), scope)).toBeUndefined();
  });

  it('is never called when its object is used as text, number, list or JSON', () => {
    const uses = [
      ...['x', 'x + ""', '"" + x', 'x == "escaped"', 'x < 1', 'x > "a"', 'x in "abc"', 'x in x', '[x] == [x]', '!x'],
      ...[
        'x | json',
        'x | upper',
        'x | length',
        'x | join',
        'x | first',
        'x | sort',
        'x | iso',
        'x | date',
        'x | minutes',
      ],
      ...[
        '[x] | join',
        '[x, 1] | sort',
        '[x] | unique',
        '[x, 2] | min',
        'x | replace("a", x)',
        '"a" | replace("a", x)',
      ],
      ...[
        '"a" | truncate(x)',
        '1 | round(x)',
        'x | contains(x)',
        '"a" | split(x)',
        'x | older_than(x)',
        '"a" | default(x)',
      ],
      ...[
        '[x] | where("a", x)',
        '[[x]] | map(x)',
        'trigger[x]',
        'x | from_json',
        'x | duration_since',
        '"a" | starts_with(x)',
      ],
    ];
    for (const name of ['trapped', 'listWithGetter', 'f', 'instance', 'symbol']) {
      for (const use of uses) {
        const source = use.replace(/\bx\b/g, name);
        const value = evaluate(parseExpression(source), scope);
        expect(JSON.stringify(value) ?? '').not.toContain('escaped');
        renderTemplate({ a: `{{ ${source} }}`, b: `text {{ ${source} }}` }, scope);
      }
    }
    expect(() => evaluate(parseExpression('1 - trapped'), scope)).toThrow('"-" needs a number, got an object');
  });

  it('is not added by keys that look like a prototype', () => {
    const value = evaluate(parseExpression('proto'), scope) as Record<string, unknown>;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(evaluate(parseExpression('proto.__proto__.polluted'), scope)).toBe(true);
    expect(evaluate(parseExpression('proto.toString'), scope)).toBe('text');
    const parsed = evaluate(parseExpression('\'{"__proto__": {"polluted": 1}}\' | from_json'), {});
    expect((parsed as Record<string, unknown>)['polluted']).toBeUndefined();
    const rendered = renderTemplate(JSON.parse('{"__proto__": {"polluted": "{{ 1 }}"}}'), {}) as object;
    expect(Object.keys(rendered)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(rendered)).toBe(Object.prototype);
  });
});

describe('source text with JavaScript', () => {
  it.each([
    'constructor.constructor("return process")()',
    '"".constructor.constructor("return 1")()',
    '[].map(x => x)',
    '(() => 1)()',
    'function () { return 1 }',
    'new Date()',
    'import("fs")',
    'a = 1',
    'a; b',
    'a++',
    '`${1}`',
    'x`1`',
    '/a+/',
    '{"a": 1}',
    '{}',
    '...a',
    'a => a',
    '#x',
    '@x',
    '\\u0061',
    'a\u2028;b',
    'typeof a',
    'delete a.b',
    'void 0',
    'x | constructor',
    'x | __proto__',
    'x | toString',
    'x | hasOwnProperty("a")',
  ])('%s is refused', (source) => {
    expect(() => evaluate(parseExpression(source), scope)).toThrow(ExpressionError);
  });
});

/** Returns the CPU time of this process. Unlike wall-clock time, it does not depend on what else is running. */
function cpuMs(): number {
  return process.cpuUsage().user / 1000;
}

describe('an expression that is designed to take long', () => {
  const megabyte = 'a'.repeat(1_000_000);
  const bombs: Scope = {
    text: megabyte,
    needle: `${'a'.repeat(250_000)}b${'a'.repeat(250_000)}`,
    list: Array(100_000).fill('x'),
    numbers: Array.from({ length: 100_000 }, (_, index) => (index * 7919) % 100_003),
    sparse: Array(4_000_000_000),
    wide: Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`k${String(index)}`, index])),
    shared: Array.from({ length: 40 }).reduce((inner) => [inner, inner], 'x' as unknown),
    json: '['.repeat(100_000),
    deep: `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
    digits: `${'1'.repeat(500_000)}x`,
    blanks: `${' '.repeat(500_000)}x`,
  };

  it.each([
    ...[
      'text | replace("a", text)',
      'text | replace("a", "bb") | replace("b", "cc")',
      'list | join(text)',
      'text | split("")',
    ],
    ...['text | contains(needle)', 'needle in text', 'text | replace(needle, "")', 'text | split(needle)'],
    ...[
      'numbers | sort | sort | sort',
      'numbers | unique | sort',
      '[text, text, text] | sort',
      'shared | json',
      'shared',
    ],
    ...[
      'shared == [shared[1], shared[0]]',
      '[shared] | unique',
      'sparse | length',
      'sparse | sort',
      'sparse | join',
      'sparse',
    ],
    ...[
      '1 in sparse',
      'sparse == sparse',
      'wide | json | length',
      '[wide, wide] | unique',
      'json | from_json',
      'deep | from_json',
    ],
    ...[
      'digits > 1',
      'digits | minutes',
      'digits | iso',
      'blanks | trim',
      'blanks > 1',
      'blanks | date',
      '"x" | date(text)',
    ],
    ...[
      'now | date(text, text)',
      'text + text',
      'list | map("a") | where("b", text)',
      '[list, list, list, list] | json',
    ],
    ...['text | upper | lower | upper | lower | upper | lower | trim | json', '[text, text, text, text] | unique'],
    ...['1e15 | round(1e300)', 'list | max(text)', 'list | min', 'text == text + "b"', '[text] == [text + "b"]'],
    ...['!wide', 'wide | length', 'wide | not'],
  ])('%s ends soon, with a value or an expression error', (source) => {
    const started = cpuMs();
    for (const text of [source, `[${Array(40).fill(source).join()}]`]) {
      try {
        evaluate(parseExpression(text), bombs, { now: new Date(0) });
      } catch (error) {
        expect(error).toBeInstanceOf(ExpressionError);
      }
    }
    expect(cpuMs() - started).toBeLessThan(3_000);
  });

  it.each([
    ['braces', '{{'.repeat(200_000)],
    ['secrets', '${{ secrets.A '.repeat(50_000)],
    ['quotes', `{{ ${'"'.repeat(200_000)}`],
    ['expressions', '{{ 1 }}'.repeat(100_000)],
    ['dollars', '$'.repeat(500_000) + '{{'],
    ['growth', '{{ "0123456789" }}'.repeat(100_000)],
  ])('a template full of %s ends soon', (_what, template) => {
    const started = cpuMs();
    try {
      renderTemplate(template, {});
    } catch (error) {
      expect(error).toBeInstanceOf(ExpressionError);
    }
    expect(cpuMs() - started).toBeLessThan(3_000);
  });
});
