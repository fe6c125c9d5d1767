import type { Condition } from '../definition/condition';
import { earliestConditionChange } from './condition-change';
import type { ConditionContext } from './condition-context';
import { conditionNeeds } from './condition-needs';

const now = new Date('2026-03-10T12:00:00Z');
const since = (iso: string | null): ConditionContext => ({
  now,
  timezone: 'UTC',
  predicateSince: () => (iso === null ? null : new Date(iso)),
});
const scope = {
  health: { system: { status: 'healthy', in_status_since: '2026-03-10T11:50:00.000Z', in_status_for_ms: 600_000 } },
  state: { incident: { i1: { status: 'fixing' } } },
};
const at = (condition: Condition, iso: string | null = null) => {
  const change = earliestConditionChange(condition, scope, since(iso));
  return change instanceof Date ? change.toISOString() : change;
};

describe('earliestConditionChange', () => {
  it('is null if no part depends on time', () => {
    expect(at(['health.system.status == "healthy"', { trigger: 'x' }, true])).toBeNull();
  });

  it('is the earliest of the parts', () => {
    expect(at({ or: ['health.system.in_status_since | older_than(30 | minutes)', { time: { after: '12:10' } }] })).toBe(
      '2026-03-10T12:10:00.000Z',
    );
    expect(at({ not: 'health.system.in_status_since | older_than(15 | minutes)' })).toBe('2026-03-10T12:05:00.000Z');
  });

  it('is the instant at which a state will have held for long enough', () => {
    const condition: Condition = {
      state: { kind: 'incident', id: 'i1', field: 'status', equals: 'fixing', for: { minutes: 30 } },
    };
    expect(at(condition, '2026-03-10T11:45:00Z')).toBe('2026-03-10T12:15:00.000Z');
    expect(at(condition, '2026-03-10T11:00:00Z')).toBeNull();
    expect(at(condition, null)).toBeNull();
  });

  it('is the instant at which a duration reaches a bound of numeric_state', () => {
    const condition: Condition = { numeric_state: { value: 'health.system.in_status_for_ms', above: 900_000 } };
    expect(at(condition)).toMatch(/^2026-03-10T12:05:00/);
  });

  it('is unknown for a part that cannot be evaluated', () => {
    expect(at('nope | nope(')).toBe('unknown');
  });
});

describe('conditionNeeds', () => {
  it('lists every expression, entity and history that evaluation needs', () => {
    const needs = conditionNeeds([
      'a.b',
      { not: { numeric_state: { value: 'c', above: 1 } } },
      { state: { entity: 'web', status: 'healthy', for: { template: 'd' } } },
      'broken (',
    ]);
    expect(needs.expressions.map(({ source }) => source)).toEqual(['a.b', 'c', 'd']);
    expect(needs.refs).toEqual([{ kind: 'health', id: 'web' }]);
    expect(needs.predicates).toEqual([{ kind: 'health', id: 'web', field: 'status', values: ['healthy'] }]);
  });
});
