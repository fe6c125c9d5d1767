import type { Condition } from '../definition/condition';
import { createFilterRegistry } from '../expressions/filter-registry';
import { boundedPart, decidingPart } from './deciding-part';
import { evaluateCondition } from './evaluate-condition';
import { traceCondition, traceDeciding } from './trace-condition';

const now = new Date('2026-11-28T12:00:00Z');
const context = { now, timezone: 'UTC', filters: createFilterRegistry(), predicateSince: () => null };
const scope = { a: 1, b: 'x', yes: true, health: { system: { in_maintenance: true } } };
const deciding = (condition: Condition) =>
  decidingPart(traceCondition(condition, scope, context), condition, 'conditions');

test.each<[string, Condition, object]>([
  ['a comparison', ['a == 1', 'a == 2'], { path: 'conditions[1]', expression: 'a == 2', found: 1, wanted: 2 }],
  ['another comparison', ['a > 5'], { path: 'conditions[0]', found: 1, wanted: { '>': 5 } }],
  [
    'a negation',
    ['!health.system.in_maintenance'],
    { expression: 'health.system.in_maintenance', found: true, wanted: false },
  ],
  ['a bare value', ['missing'], { path: 'conditions[0]', expression: 'missing', found: null, wanted: true }],
  ['an operand of &&', ['yes && a == 3'], { path: 'conditions[0]', expression: 'a == 3', found: 1, wanted: 3 }],
  ['the first operand of ||', ['a == 3 || b == "y"'], { expression: 'a == 3', found: 1, wanted: 3 }],
  ['a part of and', [{ and: ['yes', { or: ['a == 7'] }] }], { path: 'conditions[0].and[1].or[0]', wanted: 7 }],
  ['what not is about', [{ not: 'a == 1' }], { path: 'conditions[0].not', found: 1, wanted: { not: 1 } }],
  [
    'a numeric state',
    [{ numeric_state: { value: 'a', above: 80 } }],
    { path: 'conditions[0]', found: 1, wanted: { above: 80 } },
  ],
])('the deciding part is %s', (_, condition, expected) => {
  expect(deciding(condition)).toMatchObject(expected);
  const trace = traceDeciding(condition, evaluateCondition(condition, scope, context), scope, context);
  expect(decidingPart(trace, condition, 'conditions')).toEqual(deciding(condition));
});

test('the deciding part is found after more than fifty parts that hold', () => {
  const condition = [...Array.from({ length: 60 }, () => 'yes'), 'a == 4'];
  const trace = traceDeciding(condition, evaluateCondition(condition, scope, context), scope, context);
  const expected = { path: 'conditions[60]', found: 1, wanted: 4 };
  expect(decidingPart(trace, condition, 'conditions')).toMatchObject(expected);
});

test('long values are cut', () => {
  const part = boundedPart({ path: 'p', expression: 'e', found: 'x'.repeat(1_000), wanted: 1 });
  expect(part.found).toHaveLength(301);
  expect(part.wanted).toBe(1);
});
