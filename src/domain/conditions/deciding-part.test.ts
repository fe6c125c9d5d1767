import type { Condition } from '../definition/condition';
import { createFilterRegistry } from '../expressions/filter-registry';
import { boundedPart, decidingPart, heldParts } from './deciding-part';
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
  ['a negation in parentheses', ['!(a == 1)'], { expression: '(a == 1)', found: true, wanted: false }],
  ['a negated number', ['!a'], { expression: 'a', found: 1, wanted: false }],
  ['a bare value', ['missing'], { path: 'conditions[0]', expression: 'missing', found: null, wanted: true }],
  ['an operand of &&', ['yes && a == 3'], { path: 'conditions[0]', expression: 'a == 3', found: 1, wanted: 3 }],
  ['the first operand of ||', ['a == 3 || b == "y"'], { expression: 'a == 3', found: 1, wanted: 3 }],
  ['a part of and', [{ and: ['yes', { or: ['a == 7'] }] }], { path: 'conditions[0].and[1].or[0]', wanted: 7 }],
  ['the operand of not', [{ not: 'a == 1' }], { path: 'conditions[0].not', found: 1, wanted: { not: 1 } }],
  [
    'a numeric state',
    [{ numeric_state: { value: 'a', above: 80 } }],
    { path: 'conditions[0]', expression: 'a', found: 1, wanted: { above: 80 } },
  ],
  [
    'a state',
    [{ state: { kind: 'door', id: 'front', field: 'open', equals: true } }],
    { path: 'conditions[0]', expression: 'open of door:front', wanted: true },
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

describe('the parts that made a condition true', () => {
  const held = (condition: Condition) =>
    heldParts(traceCondition(condition, scope, context), condition, 'conditions').map(
      ({ path, expression, found, wanted }) => [path, expression, found, wanted],
    );

  test('are all parts of an and, with their values', () => {
    expect(held(['a == 1', { and: ['yes', 'b != "y" && a < 5'] }])).toEqual([
      ['conditions[0]', 'a == 1', 1, 1],
      ['conditions[1].and[0]', 'yes', true, true],
      ['conditions[1].and[1]', 'b != "y"', 'x', { '!=': 'y' }],
      ['conditions[1].and[1]', 'a < 5', 1, { '<': 5 }],
    ]);
  });

  test('are those parts of an or that are true, and the operand of a negation', () => {
    expect(held([{ or: ['a == 2', 'a == 1'] }, '!missing', { not: 'a == 3' }])).toEqual([
      ['conditions[0].or[1]', 'a == 1', 1, 1],
      ['conditions[1]', 'missing', null, false],
      ['conditions[2].not', 'a == 3', 1, { not: 3 }],
    ]);
  });

  test('are at most ten, and leave out literals, which have no value', () => {
    expect(held([true, 'a == 1'])).toHaveLength(1);
    expect(held(Array.from({ length: 30 }, () => 'yes'))).toHaveLength(10);
  });
});
