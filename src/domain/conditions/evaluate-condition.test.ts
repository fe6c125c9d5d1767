import type { Condition } from '../definition/condition';
import type { ConditionContext } from './condition-context';
import { evaluateCondition } from './evaluate-condition';

const now = new Date('2026-03-10T12:00:00Z');
const context: ConditionContext = { now, timezone: 'UTC', predicateSince: () => null };
const scope = {
  trigger: { id: 'down', payload: { n: 5, text: '7', word: 'abc', none: null } },
  state: { incident: { i1: { status: 'fixing', severity: 'minor' } } },
  health: { systems: { web: { status: 'healthy', in_status_since: '2026-03-10T11:00:00Z' } } },
};
const valueOf = (condition: Condition, more: Partial<ConditionContext> = {}) =>
  evaluateCondition(condition, scope, { ...context, ...more }).value;
const broken = 'trigger.payload.word - 1';

describe('evaluateCondition', () => {
  it.each<[string, Condition, boolean | 'error']>([
    ['an expression', 'trigger.payload.n == 5', true],
    ['an expression in one pair of braces', '{{ trigger.payload.n == 5 }}', true],
    ['the text "false" is true as a value', 'trigger.payload.word', true],
    ['a literal', false, false],
    ['a missing path', 'trigger.payload.gone', false],
    ['an expression that fails', broken, 'error'],
    ['an unknown filter', 'trigger.payload.n | nope', 'error'],
    ['an empty list', [], true],
    ['an empty or', { or: [] }, false],
    ['a list is an and', ['true', 'false'], false],
    ['a false beats an error in and', { and: [broken, 'false'] }, false],
    ['a true does not beat an error in and', { and: [broken, 'true'] }, 'error'],
    ['a true beats an error in or', { or: [broken, 'true'] }, true],
    ['a false does not beat an error in or', { or: [broken, 'false'] }, 'error'],
    ['not of an error is an error', { not: broken }, 'error'],
    ['not of a list', { not: ['true', 'false'] }, true],
    ['a trigger', { trigger: ['up', 'down'] }, true],
    ['another trigger', { trigger: 'up' }, false],
  ])('%s', (_, condition, expected) => {
    expect(valueOf(condition)).toBe(expected);
  });

  it.each<[string, Condition, boolean]>([
    ['strictly above', { numeric_state: { value: 'trigger.payload.n', above: 5 } }, false],
    ['strictly below', { numeric_state: { value: 'trigger.payload.n', below: 5 } }, false],
    ['between', { numeric_state: { value: 'trigger.payload.n', above: 4, below: 6 } }, true],
    ['numeric text', { numeric_state: { value: 'trigger.payload.text', above: 6 } }, true],
    ['other text', { numeric_state: { value: 'trigger.payload.word', above: 0 } }, false],
    ['null', { numeric_state: { value: 'trigger.payload.none', below: 1 } }, false],
    ['a missing path', { numeric_state: { value: 'trigger.payload.gone', below: 1 } }, false],
    ['a literal number', { numeric_state: { value: 3, above: 2 } }, true],
  ])('numeric_state: %s', (_, condition, expected) => {
    expect(valueOf(condition)).toBe(expected);
  });

  it('never matches a trigger in a manual run that names none', () => {
    expect(evaluateCondition({ trigger: 'down' }, { trigger: {} }, context).value).toBe(false);
  });

  it('says why, in the same words as long as the cause is the same', () => {
    const condition: Condition = { and: ['true', { numeric_state: { value: 'trigger.payload.n', above: 9 } }] };
    const reason = 'numeric_state: "trigger.payload.n" is not above 9';
    expect(evaluateCondition(condition, scope, context).reason).toBe(reason);
    const other = { trigger: { payload: { n: 6 } } };
    expect(evaluateCondition(condition, other, context).reason).toBe(reason);
  });

  describe('state', () => {
    const incident = { kind: 'incident', id: 'i1', field: 'status' };
    it.each<[string, Condition, boolean]>([
      ['equals', { state: { ...incident, equals: 'fixing' } }, true],
      ['one of a list', { state: { ...incident, equals: ['identified', 'fixing'] } }, true],
      ['another value', { state: { ...incident, equals: 'resolved' } }, false],
      ['an unknown entity', { state: { ...incident, id: 'nope', equals: 'fixing' } }, false],
      ['an unknown entity is not null', { state: { ...incident, id: 'nope', equals: null } }, false],
      ['an odd field', { state: { ...incident, field: 'constructor', equals: 'fixing' } }, false],
      ['a system without results is healthy', { state: { entity: 'web', status: 'healthy' } }, true],
      ['an unknown system is nothing', { state: { entity: 'nope', status: 'healthy' } }, false],
    ])('%s', (_, condition, expected) => {
      expect(valueOf(condition)).toBe(expected);
    });

    it('asks with "for" since when the whole predicate has held', () => {
      const condition: Condition = { state: { ...incident, equals: ['identified', 'fixing'], for: { minutes: 5 } } };
      const asked: unknown[] = [];
      const since = (iso: string) => ({
        predicateSince: (need: unknown) => {
          asked.push(need);
          return new Date(iso);
        },
      });
      expect(valueOf(condition, since('2026-03-10T11:55:00.001Z'))).toBe(false);
      expect(valueOf(condition, since('2026-03-10T11:55:00.000Z'))).toBe(true);
      expect(asked[0]).toEqual({ ...incident, values: ['identified', 'fixing'] });
      expect(valueOf(condition)).toBe(false);
    });

    it('counts a system without results as healthy since its creation', () => {
      expect(valueOf({ state: { entity: 'web', status: 'healthy', for: '00:59:59' } })).toBe(true);
      expect(valueOf({ state: { entity: 'web', status: 'healthy', for: '01:00:01' } })).toBe(false);
    });

    it('takes a rendered duration, and is an error when that is unusable', () => {
      const state = { entity: 'web', status: 'healthy' } as const;
      expect(valueOf({ state: { ...state, for: { template: 'trigger.payload.n * 60' } } })).toBe(true);
      expect(valueOf({ state: { ...state, for: { template: '{{ trigger.payload.word }}' } } })).toBe('error');
    });
  });
});
