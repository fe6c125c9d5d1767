import { ExpressionError } from './error';
import { evaluate, type EvaluateOptions, type Scope } from './evaluate';
import { createFilterRegistry } from './filter-registry';
import { parseExpression } from './parse';

function run(source: string, scope: Scope = {}, options?: EvaluateOptions): unknown {
  return evaluate(parseExpression(source), scope, options);
}

const scope = {
  n: 0,
  empty: { text: '', list: [], object: {} },
  none: null,
  text: 'false',
  list: [1, 'two', null, { a: { b: 3 } }],
  trigger: { payload: { 'odd key': 1, count: '10' } },
  now: '2026-11-23T11:00:00.000Z',
};

describe('values', () => {
  it.each<[string, unknown]>([
    ['trigger.payload["odd key"]', 1],
    ['list[3].a.b', 3],
    ['list["0"]', 1],
    ['list[n]', 1],
    ['list[-1]', undefined],
    ['list.length', 4],
    ['text.length', 5],
    ['nothing.at.all', undefined],
    ['none.at', undefined],
    ['n.at', undefined],
    ['trigger[list]', undefined],
    ['[1, n, [none]]', [1, 0, [null]]],
    ['now', '2026-11-23T11:00:00.000Z'],
  ])('%s', (source, value) => {
    expect(run(source, scope)).toEqual(value);
  });

  it('uses `now` of the call rather than of the scope', () => {
    expect(run('now', scope, { now: new Date(0) })).toBe('1970-01-01T00:00:00.000Z');
    expect(run('"1970-01-01" | duration_since', scope, { now: new Date(5) })).toBe(5);
    expect(run('"2026-11-23T10:00:00Z" | older_than(1 | hours)', scope)).toBe(true);
  });

  it('returns a Date as ISO text, and null for instances of other classes', () => {
    const odd = {
      date: new Date(0),
      map: new Map([['size', 1]]),
      big: 5n,
      f: () => 1,
      s: Symbol('s'),
      bad: new Date(NaN),
    };
    expect(run('[date, map, map.size, big, f, s, bad, date.getTime]', odd)).toEqual([
      '1970-01-01T00:00:00.000Z',
      null,
      null,
      5,
      null,
      null,
      null,
      null,
    ]);
  });

  it('returns a copy of the data in the scope', () => {
    const value = run('list', scope);
    expect(value).toEqual(scope.list);
    expect(value).not.toBe(scope.list);
  });
});

describe('truth', () => {
  it.each(['none', 'nothing', 'false', '0', '""', '[]', 'empty.object', 'empty.list', '!text', 'n'])(
    '%s is false',
    (source) => {
      expect(run(`${source} ? 1 : 2`, scope)).toBe(2);
    },
  );

  it.each(['text', '"0"', '[0]', 'list[3]', '-1', '" "'])('%s is true', (source) => {
    expect(run(`${source} ? 1 : 2`, scope)).toBe(1);
  });

  it('&& and || return an operand and do not evaluate the other side unnecessarily', () => {
    expect(run('n && 1 / 0', scope)).toBe(0);
    expect(run('"x" || 1 / 0', scope)).toBe('x');
    expect(run('none || []', scope)).toEqual([]);
    expect(run('"a" && "b"')).toBe('b');
  });
});

describe('comparison', () => {
  it.each<[string, boolean]>([
    ['1 == "1"', true],
    ['1 == "1.0"', false],
    ['true == "true"', true],
    ['true == 1', false],
    ['none == nothing', true],
    ['none == ""', false],
    ['none == 0', false],
    ['none != false', true],
    ['[1, [2]] == [1, [2]]', true],
    ['[1] == ["1"]', false],
    ['[1] == "[1]"', true],
    ['empty.object == []', false],
    ['"9" < "10"', true],
    ['9 < trigger.payload.count', true],
    ['"b" > "a10"', true],
    ['"" < 1', true],
    ['" 5 " >= 5', true],
    ['"0x10" > 9', false],
    ['none < 1', false],
    ['none >= none', false],
    ['nothing > -1', false],
    ['1 <= 1', true],
    ['2 >= 3', false],
    ['"1" in [1, 2]', true],
    ['none in [null]', true],
    ['"b" in "abc"', true],
    ['"a" in list[3]', true],
    ['"toString" in list[3]', false],
    ['none in "null"', false],
    ['1 in 1', false],
  ])('%s is %s', (source, value) => {
    expect(run(source, scope)).toBe(value);
  });
});

describe('arithmetic', () => {
  it.each<[string, unknown]>([
    ['1 + 2 * 3 - 4 / 2', 5],
    ['7 % 4', 3],
    ['-7 % 7', 0],
    ['"a" + true', 'atrue'],
    ['"a" + "1"', 'a1'],
    ['"2026-11-28T00:23:14.688Z" + (2 | hours)', '2026-11-28T02:23:14.688Z'],
    ['(30 | minutes) + "2026-11-28T00:00:00+02:00"', '2026-11-27T22:30:00.000Z'],
    ['"2026-11-28T00:00:00Z" - (1 | days)', '2026-11-27T00:00:00.000Z'],
    ['"2026-11-28T01:00:00Z" - "2026-11-28T00:00:00Z"', 3_600_000],
    ['"a" + nothing', 'a'],
    ['"a" + [1, "b"]', 'a[1,"b"]'],
    ['-(2 - 5)', 3],
  ])('%s', (source, value) => {
    expect(run(source)).toBe(value);
  });

  it.each([
    ['1 + null', '"+" adds numbers and joins strings, got a number and nothing', 3],
    ['[1] + [2]', 'a list and a list', 5],
    ['"5" - 1', '"-" needs a number or a time, got a string', 5],
    ['"count: " + 1', 'this string is not a time. To join strings and 1', 11],
    ['1 + "1"', 'this string is not a time', 3],
    ['"2026-11-28" + 1', 'this string is not a time', 14],
    ['"2026-11-28T00:00:00Z" * 2', '"*" needs a number', 24],
    ['"2026-11-28T00:00:00Z" + 1e300', 'not a time between the years', 24],
    ['2 * nothing', 'nothing', 3],
    ['-"1"', '"-" needs a number', 1],
    ['1 / 0', 'Division by zero', 3],
    ['1 % 0', 'Division by zero', 3],
    ['1e308 * 10', 'not a finite number', 7],
  ])('%s causes an error with its position', (source, message, column) => {
    expect(() => run(source)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(message), line: 1, column }),
    );
  });
});

describe('filters', () => {
  it('suggests the nearest filter for an unknown one, with line and column', () => {
    expect(() => run('a\n| uper')).toThrow(
      expect.objectContaining({
        message: 'Unknown filter "uper". Did you mean "upper"? (line 2, column 3)',
        line: 2,
        column: 3,
      }),
    );
  });

  it('wraps errors of added filters, and returns undefined for results that are not data', () => {
    const filters = createFilterRegistry();
    filters.registerFilter('boom', () => { throw new TypeError('bang'); }, ''); // prettier-ignore
    filters.registerFilter('late', () => Promise.resolve(1), '');
    filters.registerFilter('twice', (input) => Number(input) * 2, '');
    expect(() => run('1 | boom', {}, { filters })).toThrow(
      new ExpressionError('The filter "boom" failed: bang', '1 | boom', 4),
    );
    expect(run('1 | late', {}, { filters })).toBeUndefined();
    expect(run('4 | twice', {}, { filters })).toBe(8);
  });
});

describe('budget', () => {
  it('ends an evaluation that exceeds its steps', () => {
    expect(run('1 + 1', {}, { maxSteps: 5 })).toBe(2);
    expect(() => run('1 + 1 + 1', {}, { maxSteps: 4 })).toThrow('too many steps');
    expect(() => run('l | sort', { l: Array(1000).fill(1) }, { maxSteps: 3000 })).toThrow('too many steps');
  });

  it('ends an evaluation whose result exceeds 1 MB', () => {
    const doubled = `text${' + text'.repeat(20)}`;
    expect(() => run(doubled, { text: 'x'.repeat(60_000) })).toThrow('longer than 1 MB');
    expect(() => run('text', { text: '€'.repeat(400_000) })).toThrow('larger than 1 MB');
    expect(run('text', { text: 'x'.repeat(1_048_576) })).toHaveLength(1_048_576);
  });

  it('refuses data that contains itself', () => {
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    const twin: Record<string, unknown> = {};
    twin['self'] = twin;
    for (const source of ['c', 'c | json', '"" + c', 'c == d', '[c] | unique']) {
      expect(() => run(source, { c: circular, d: twin })).toThrow(ExpressionError);
    }
  });

  it('sorts and joins 10,000 items', () => {
    const items = Array.from({ length: 10_000 }, (_, index) => String(10_000 - index));
    expect(run('items | sort | first', { items })).toBe('1');
    expect(run('items | unique | length', { items })).toBe(10_000);
  });
});

describe('headers', () => {
  const scope = { trigger: { payload: { headers: { 'x-github-event': 'push' }, body: { a: 1 } } } };
  it.each([
    ['trigger.payload.headers["X-GitHub-Event"]', 'push'],
    ['trigger.payload.headers["x-github-event"]', 'push'],
    ['trigger.payload.headers["X-Other"]', undefined],
    ['trigger.payload.body.A', undefined],
  ])('%s is %j, regardless of the case of the header name', (source, value) => {
    expect(evaluate(parseExpression(source), scope)).toEqual(value);
  });
});
