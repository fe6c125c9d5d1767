import type { Condition } from '../definition/condition';
import { evaluateCondition } from './evaluate-condition';

const now = new Date('2026-11-24T02:00:00Z'); // a Tuesday
const scope = {
  trigger: { id: 'down', payload: { n: '5', text: 'abc' } },
  state: { health: { checkout: { status: 'unhealthy' } }, door: { front: { open: true } } },
};
const context = { now, timezone: 'UTC', predicateSince: () => new Date('2026-11-24T01:30:00Z') };
const value = (condition: Condition) => evaluateCondition(condition, scope, context).value;

describe('a condition', () => {
  const ERROR = 'trigger.payload.text * 2';

  it('lets false override an error in `and`, true override an error in `or`, and keeps an error in `not`', () => {
    expect(value({ and: [ERROR, false] })).toBe(false);
    expect(value({ and: [ERROR, true] })).toBe('error');
    expect(value({ or: [ERROR, true] })).toBe(true);
    expect(value({ or: [ERROR, false] })).toBe('error');
    expect(value({ not: ERROR })).toBe('error');
    expect(value({ not: false })).toBe(true);
    expect(value([true, 'trigger.id == "down"'])).toBe(true);
    expect(value([])).toBe(true);
    expect(value({ or: [] })).toBe(false);
  });

  it('returns the reason if it does not hold', () => {
    expect(evaluateCondition('trigger.payload.n > 7', scope, context)).toEqual({
      value: false,
      reason: '"trigger.payload.n > 7" does not hold',
    });
    const { reason } = evaluateCondition({ numeric_state: { value: 'trigger.payload.n', above: 5 } }, scope, context);
    expect(reason).toMatch(/is not above 5/);
  });

  it('of kind numeric_state has exclusive bounds, reads numeric text, and never matches other values', () => {
    expect(value({ numeric_state: { value: 'trigger.payload.n', above: 4.9, below: 5.1 } })).toBe(true);
    expect(value({ numeric_state: { value: 5, above: 5 } })).toBe(false);
    expect(value({ numeric_state: { value: 'trigger.payload.text', above: 0 } })).toBe(false);
    expect(value({ numeric_state: { value: 'trigger.payload.missing', below: 9 } })).toBe(false);
  });

  it('of kind trigger compares ids and never matches a run without a trigger', () => {
    expect(value({ trigger: ['up', 'down'] })).toBe(true);
    expect(value({ trigger: 'up' })).toBe(false);
    expect(evaluateCondition({ trigger: 'down' }, { trigger: { payload: {} } }, context).value).toBe(false);
  });

  it('of kind state reads health and any entity, and with `for` the time for which the predicate has held', () => {
    expect(value({ state: { entity: 'checkout', status: ['degraded', 'unhealthy'] } })).toBe(true);
    expect(value({ state: { entity: 'checkout', status: 'healthy' } })).toBe(false);
    expect(value({ state: { kind: 'door', id: 'front', field: 'open', equals: true } })).toBe(true);
    expect(value({ state: { kind: 'door', id: 'back', field: 'open', equals: true } })).toBe(false);
    expect(value({ state: { kind: 'door', id: 'front', field: 'lockedBy', equals: null } })).toBe(true);
    expect(value({ state: { kind: 'door', id: 'back', field: 'lockedBy', equals: null } })).toBe(false);
    expect(value({ state: { entity: 'checkout', status: 'unhealthy', for: { minutes: 30 } } })).toBe(true);
    expect(value({ state: { entity: 'checkout', status: 'unhealthy', for: '00:30:01' } })).toBe(false);
    const forTemplate = (template: string) =>
      value({ state: { entity: 'checkout', status: 'unhealthy', for: { template } } });
    expect(forTemplate('30 * 60')).toBe(true);
    expect(forTemplate('{{ 30 * 60 + 1 }}')).toBe(false);
    expect(forTemplate('00:{{ 30 }}:00')).toBe(true);
    expect(forTemplate('nothing')).toBe('error');
  });

  it('of kind time has an inclusive start and an exclusive end, and can pass midnight', () => {
    expect(value({ time: { after: '02:00', before: '03:00' } })).toBe(true);
    expect(value({ time: { after: '01:00', before: '02:00' } })).toBe(false);
    expect(value({ time: { after: '22:00', before: '06:00' } })).toBe(true);
    expect(value({ time: { after: '02:00', before: '02:00' } })).toBe(false);
    expect(value({ time: { after: '01:59:59' } })).toBe(true);
    expect(value({ time: { before: '02:00' } })).toBe(false);
  });

  it('of kind time counts an overnight window as part of the day on which it started', () => {
    const overnight = { after: '22:00', before: '06:00' } as const;
    expect(value({ time: { ...overnight, weekday: 'mon' } })).toBe(true);
    expect(value({ time: { ...overnight, weekday: 'tue' } })).toBe(false);
    expect(value({ time: { weekday: ['tue'] } })).toBe(true);
    expect(value({ time: { weekday: 2 } })).toBe(true);
    expect(value({ time: { weekday: 0 } })).toBe(false);
  });

  it('of kind time uses the wall clock of its time zone', () => {
    expect(value({ time: { after: '18:00', before: '19:00', timezone: 'America/Los_Angeles' } })).toBe(true);
    expect(value({ time: { weekday: 'mon', timezone: 'America/Los_Angeles' } })).toBe(true);
  });

  it('has the value `error` if an expression is invalid', () => {
    expect(value('((')).toBe('error');
    expect(value('{{ a }} {{ b }}')).toBe('error');
    expect(value('x | nosuchfilter')).toBe('error');
  });
});
