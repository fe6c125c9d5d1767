import fc from 'fast-check';
import { clockParts } from './clock-parts';
import { earliestChange, earliestOf } from './clock';
import { evaluate, type Scope } from './evaluate';
import { parseExpression } from './parse';
import { fixSeed } from '../../../test/support/property-seed';

fixSeed();

const NOW = Date.parse('2026-11-23T11:00:00.000Z');
const MINUTE = 60_000;
const at = (ms: number): string => new Date(NOW + ms).toISOString();

/** Returns the scope at `ms` milliseconds after NOW if no event has occurred since then. */
function scopeAfter(ms: number): Scope {
  return {
    yes: true,
    no: false,
    ago: at(-10 * MINUTE),
    soon: at(3 * MINUTE),
    text: 'x',
    health: {
      system: {
        status: 'degraded',
        in_status_since: at(-5 * MINUTE),
        in_status_for_ms: 5 * MINUTE + ms,
        in_maintenance: ms < 7 * MINUTE,
        notifications_suppressed: ms < 7 * MINUTE,
        maintenance_ends_at: at(7 * MINUTE),
        transitions_in_window: ms < 2 * MINUTE ? 3 : 2,
        transitions_window_changes_at: ms < 2 * MINUTE ? at(2 * MINUTE) : at(20 * MINUTE),
        success_rate: ms < 6 * MINUTE ? 0.5 : 1,
        results_window_changes_at: ms < 6 * MINUTE ? at(6 * MINUTE) : at(30 * MINUTE),
      },
      systems: {
        calm: { in_maintenance: false, maintenance_starts_at: null, transitions_in_window: 0, success_rate: null },
        planned: { in_maintenance: ms >= 4 * MINUTE, maintenance_starts_at: at(4 * MINUTE) },
        unknown: { in_maintenance: false, transitions_in_window: 2, in_status_for_ms: ms },
      },
    },
  };
}

function changeOf(source: string, ms = 0): number | string | null {
  const change = earliestChange(parseExpression(source), scopeAfter(ms), new Date(NOW + ms));
  return change instanceof Date ? change.getTime() - NOW : change;
}

const ALL_FIELDS = [
  ...['in_status_for_ms', 'transitions_in_window', 'in_maintenance', 'notifications_suppressed'],
  ...['avg_latency_ms', 'p95_latency_ms', 'success_rate', 'evaluated_at'],
];

describe('the parts of an expression that read the clock', () => {
  it.each<[string, string[]]>([
    ['trigger.payload.now == 1', []],
    ['now > "2026"', ['now']],
    ['a[now]', ['now']],
    ['a | older_than(1 | hours) && (b | duration_since) > 1', ['older_than', 'duration_since']],
    [
      'health.system.in_status_for_ms > 1 || health.systems["x"].in_maintenance',
      ['in_status_for_ms', 'in_maintenance'],
    ],
    ['x ? health.systems[y].transitions_in_window : health.system.status', ['transitions_in_window']],
    ['health.system.status == "healthy" && health.system', []],
    ['health.system == null', []],
    ['health[x].status', ALL_FIELDS],
    ['health.system | json', ALL_FIELDS],
    ['variables.in_maintenance', []],
  ])('%s', (source, parts) => {
    // `a | older_than(…) && …` needs the parentheses.
    expect(clockParts(parseExpression(source.replace(/^a \| older_than\(1 \| hours\)/, '($&)')))).toEqual(parts);
  });
});

describe('the earliest change by time alone', () => {
  it.each<[string, number | string | null]>([
    ['yes && text == "x"', null],
    ['ago | older_than(30 | minutes)', 20 * MINUTE],
    ['ago | older_than(10 | minutes)', null],
    ['ago | older_than(600001)', 1],
    ['soon | older_than(0)', 3 * MINUTE],
    ['text | older_than(5)', null],
    ['no && (ago | older_than(30 | minutes))', null],
    ['yes || (ago | older_than(30 | minutes))', null],
    ['yes && (ago | older_than(30 | minutes)) && health.system.in_status_for_ms > 1', 20 * MINUTE],
    ['(ago | older_than(1 | hours)) || (soon | older_than(1 | minutes))', 4 * MINUTE],
    ['yes ? (ago | older_than(1 | hours)) : (soon | older_than(1))', 50 * MINUTE],
    ['!(ago | older_than(1 | hours)) == true', 50 * MINUTE],
    ['[ago | older_than(1 | hours)] | contains(true)', 50 * MINUTE],
    ['health.system.in_status_for_ms >= 600000', 5 * MINUTE],
    ['health.system.in_status_for_ms > 600000', 5 * MINUTE + 1],
    ['health.system.in_status_for_ms < 600000', 5 * MINUTE],
    ['600000 <= health.system.in_status_for_ms', 5 * MINUTE],
    ['health.system.in_status_for_ms > "600000"', 5 * MINUTE + 1],
    ['health.system.in_status_for_ms > 1000', null],
    ['health.system.in_status_for_ms == 600000', 5 * MINUTE],
    ['health.system.in_status_for_ms == 300000', 1],
    ['health.system.in_status_for_ms / 60000 >= 10', 5 * MINUTE],
    ['(10 | minutes) - health.system.in_status_for_ms <= 0', 5 * MINUTE],
    ['(health.system.in_status_for_ms | default(0)) >= (10 | minutes)', 5 * MINUTE],
    ['health.systems.missing.in_status_for_ms >= 1', null],
    ['health.system.in_status_for_ms', 'unknown'],
    ['(health.system.in_status_for_ms | round(-5)) > 600000', 'unknown'],
    ['(ago | duration_since) >= (15 | minutes)', 5 * MINUTE],
    ['(soon | duration_since) > 0', 3 * MINUTE + 1],
    ['(text | duration_since) > 1', null],
    ['(health.system.in_status_since | duration_since) > (ago | duration_since)', null],
    [`now >= "${at(MINUTE)}"`, MINUTE],
    [`now > "${at(MINUTE)}"`, MINUTE + 1],
    [`"${at(MINUTE)}" > now`, MINUTE],
    [`now == "${at(MINUTE)}"`, MINUTE],
    [`now == "${at(0)}"`, 1],
    [`now < "${at(-1)}"`, null],
    ['now > "2026-11-24"', 13 * 60 * MINUTE],
    ['now < "zzz"', null],
    ['now > missing', null],
    ['(now | date("HH")) >= "22"', 'unknown'],
    ['now', 'unknown'],
    ['health.system.in_maintenance', 7 * MINUTE],
    ['!health.system.notifications_suppressed', 7 * MINUTE],
    ['health.systems.calm.in_maintenance', null],
    ['health.systems.planned.in_maintenance', 4 * MINUTE],
    ['health.systems.unknown.in_maintenance', 'unknown'],
    ['health.systems.missing.in_maintenance', null],
    ['health.system.transitions_in_window >= 3', 2 * MINUTE],
    ['health.systems.calm.transitions_in_window > 3', null],
    ['health.systems.unknown.transitions_in_window > 3', 'unknown'],
    ['health.system.success_rate > 0.9', 6 * MINUTE],
    ['health.systems.calm.success_rate > 0.9', null],
    ['health.systems[text + "y"].in_maintenance', null],
    ['[health.system] | where("in_maintenance") | length', 'unknown'],
    ['1 / 0 > 1 && (ago | older_than(1))', 'unknown'],
    ['(now | date("HH")) == "22" || (soon | older_than(0))', 'unknown'],
    [`(now | date("HH")) == "22" || now > "${at(30_000)}"`, 30_001],
  ])('of %s', (source, expected) => {
    expect(changeOf(source)).toBe(expected);
  });

  it('of several conditions is the earliest, unless an unknown one has to be checked first', () => {
    const now = new Date(NOW);
    const [near, far] = [new Date(NOW + 59_000), new Date(NOW + 61_000)];
    expect(earliestOf(now, [])).toBeNull();
    expect(earliestOf(now, [null, far, near])).toEqual(near);
    expect(earliestOf(now, ['unknown', near])).toEqual(near);
    expect(earliestOf(now, ['unknown', far])).toBe('unknown');
    expect(earliestOf(now, [null, 'unknown'])).toBe('unknown');
  });
});

const minutes = fc.integer({ min: -20, max: 20 });
const { condition } = fc.letrec<{ condition: string; number: string }>((tie) => ({
  number: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('health.system.in_status_for_ms', '(ago | duration_since)', '(soon | duration_since)'),
    minutes.map((n) => `(${String(n)} | minutes)`),
    fc.tuple(tie('number'), fc.constantFrom('+', '-'), tie('number')).map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc.tuple(tie('number'), fc.constantFrom('2', '0.3', '-1')).map(([a, b]) => `(${a} * ${b})`),
  ),
  condition: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('yes', 'no', 'health.system.in_maintenance', 'health.systems.planned.in_maintenance'),
    fc.constantFrom('health.system.transitions_in_window > 2', 'health.systems.calm.in_maintenance'),
    fc.constant('health.system.success_rate > 0.9'),
    fc.tuple(fc.constantFrom('ago', 'soon', 'text'), tie('number')).map(([a, b]) => `(${a} | older_than(${b}))`),
    fc
      .tuple(tie('number'), fc.constantFrom('<', '>', '<=', '>=', '==', '!='), tie('number'))
      .map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc
      .tuple(fc.constantFrom('<', '>', '<=', '>=', '==', '!='), minutes)
      .map(([op, n]) => `(now ${op} "${at(n * MINUTE)}")`),
    fc
      .tuple(tie('condition'), fc.constantFrom('&&', '||', '=='), tie('condition'))
      .map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc.tuple(tie('condition'), tie('condition'), tie('condition')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    tie('condition').map((a) => `!${a}`),
  ),
}));

it('nothing changes before the returned instant', () => {
  fc.assert(
    fc.property(
      condition,
      fc.integer({ min: 0, max: 15 * MINUTE }),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true })),
      (source, start, places) => {
        const expression = parseExpression(source);
        const valueAt = (ms: number): unknown => evaluate(expression, scopeAfter(ms), { now: new Date(NOW + ms) });
        const change = changeOf(source, start);
        if (change === 'unknown') return;
        if (change !== null) expect(change).toBeGreaterThan(start);
        // If no change is expected, check the next 15 minutes.
        const last = change === null ? start + 15 * MINUTE : Number(change) - 1;
        const today = valueAt(start);
        for (const place of [0, 0.5, 1, ...places])
          expect(valueAt(Math.floor(start + (last - start) * place))).toBe(today);
      },
    ),
    {
      numRuns: 1000,
      examples: [
        [
          '(soon | older_than(((((soon | duration_since) * 2) - (-8 | minutes)) - health.system.in_status_for_ms)))',
          150_000,
          [],
        ],
      ],
    },
  );
});
