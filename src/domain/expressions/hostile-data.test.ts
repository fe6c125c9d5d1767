import { ExpressionError } from './error';
import { evaluate } from './evaluate';
import { parseExpression } from './parse';
import { parseTemplate, renderTemplate } from './template';

const now = new Date('2026-11-23T11:00:00.000Z');
const refuse = (): never => {
  throw new Error('called');
};
const sparse = (length: number): unknown[] => Object.assign([], { length });
function shared(levels: number): unknown {
  let value: unknown = ['x'];
  for (let level = 0; level < levels; level += 1) value = [value, value];
  return value;
}
function outcome(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    if (error instanceof ExpressionError) return 'refused';
    throw error;
  }
}
const valueOf = (source: string, scope: Record<string, unknown> = {}) =>
  outcome(() => evaluate(parseExpression(source), scope, { now }));

describe('malicious data', () => {
  class OddDate extends Date {
    override toISOString = refuse;
    override getTime = refuse;
  }
  it.each<[string, string, unknown, unknown]>([
    ['a proxy that throws', 'x.a', new Proxy({}, { getPrototypeOf: refuse }), 'refused'],
    ['a proxy that throws in a filter', 'x | json', new Proxy({}, { ownKeys: refuse }), 'refused'],
    ['a list with its own toJSON', 'x', Object.assign([1], { toJSON: refuse, map: refuse }), [1]],
    [
      'an object with its own conversion to text',
      'x + ""',
      { [Symbol.toPrimitive]: refuse, valueOf: refuse, toString: refuse },
      '{}',
    ],
    ['a Date with overridden methods', '[x, x | date("yyyy")]', new OddDate(0), ['1970-01-01T00:00:00.000Z', '1970']],
    ['an object with only the prototype of a Date', 'x | older_than(0)', Object.create(Date.prototype), false],
    ['a sparse list of four thousand million', 'x | json', sparse(4e9), 'refused'],
    ['such a sparse list in sort', 'x | sort', sparse(4e9), 'refused'],
    ['such a sparse list in a search', '1 in x', sparse(4e9), 'refused'],
    ['the length of such a sparse list', '[x | length, x | first, x | last]', sparse(4e9), 'refused'],
    ['a sparse list inside a list', 'x', sparse(0).concat([sparse(3)]), [[null, null, null]]],
    ['nested lists that share their items', 'x', shared(60), 'refused'],
    ['letters that become three in upper case', 'x | upper', 'ΐ'.repeat(500_000), 'refused'],
    ['half of a surrogate pair', 'x | split("")', '😀\ud800', ['😀', '\ud800']],
    ['keys that are not indexes', '[x[-1], x[1.5], x[1e21], x["-0"]]', [1, 2], [null, null, null, null]],
    [
      'instants beyond the calendar',
      '[8.64e15 | iso, 8640000000000001 | iso]',
      0,
      ['+275760-09-13T00:00:00.000Z', 8640000000000001],
    ],
    ['a time zone that is a path', '0 | date("yyyy", x)', '../../etc/passwd', '1970-01-01T00:00:00.000Z'],
    ['the largest and the smallest numbers', '[1e308 | round(15), 5e-324 | round(300)]', 0, [1e308, 0]],
  ])('has a safe value or causes an expression error: %s', (_what, source, x, expected) => {
    expect(valueOf(source, { x })).toEqual(expected);
  });

  it('causes only an expression error even in a rendered template', () => {
    const revoked = Proxy.revocable([], {});
    revoked.revoke();
    const itself: Record<string, unknown> = {};
    itself['again'] = itself;
    for (const value of [new Proxy({}, { ownKeys: refuse }), [revoked.proxy], sparse(4e9), itself]) {
      expect(outcome(() => renderTemplate(value, {}))).toBe('refused');
    }
  });
});

describe('source text that is designed to take long', () => {
  it.each<[string, string]>([
    ['braces that never close', '{{ '.repeat(300_000)],
    ['a secret that never closes', `\${{ secrets${' '.repeat(900_000)}`],
    ['secrets that never close', '${{ secrets.A '.repeat(70_000)],
  ])('is refused within 2 s: %s', (_what, source) => {
    const started = performance.now();
    expect(outcome(() => parseTemplate(source))).toBe('refused');
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
