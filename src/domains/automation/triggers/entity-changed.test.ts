import { entityChangedTrigger } from './entity-changed';

type State = Record<string, unknown> | null;
const changed = (prev: State, next: State) => ({ kind: 'lamp', id: 'l1', prev, next, delta: {}, changedFields: [] });
const passes = (payload: Record<string, unknown>, config: Record<string, unknown>) =>
  entityChangedTrigger.evaluateConfig?.(payload, { kind: 'lamp', ...config });
const holds = (state: State, config: Record<string, unknown>) =>
  entityChangedTrigger.holds?.test(state, changed(null, null), { kind: 'lamp', ...config });

describe('automation.entity_changed', () => {
  const switched = changed({ status: 'off', at: { floor: 1 } }, { status: 'on', at: { floor: 2 } });

  test('matches by kind, id, field, from and to', () => {
    expect(passes(switched, {})).toBe(true);
    expect(passes(switched, { id: 'l2' })).toBe(false);
    expect(passes(switched, { field: 'status', from: 'off', to: 'on' })).toBe(true);
    expect(passes(switched, { field: 'status', to: ['dim', 'on'] })).toBe(true);
    expect(passes(switched, { field: 'status', to: 'off' })).toBe(false);
    expect(passes(switched, { field: 'colour' })).toBe(false);
  });

  test('supports dots for fields of objects', () => {
    expect(passes(switched, { field: 'at.floor', from: 1, to: 2 })).toBe(true);
    expect(passes(switched, { field: 'at.floor.deeper' })).toBe(false);
  });

  test('uses null for an absent field: creation and deletion', () => {
    expect(passes(changed(null, { status: 'on' }), { field: 'status', from: null })).toBe(true);
    expect(passes(changed({ status: 'on' }, null), { field: 'status', to: null })).toBe(true);
  });

  test('ignores inherited properties', () => {
    for (const field of ['constructor', '__proto__', 'toString.name']) expect(passes(switched, { field })).toBe(false);
  });

  test('holds while the field has its `to` value, and not after the entity is deleted', () => {
    expect(holds({ status: 'on' }, { field: 'status', to: 'on' })).toBe(true);
    expect(holds({ status: 'off' }, { field: 'status', to: 'on' })).toBe(false);
    expect(holds(null, { field: 'status', to: 'on' })).toBe(false);
    expect(holds({ status: 'on' }, { field: 'status' })).toBeUndefined();
  });

  test('can be checked again later only with a value of a top-level field', () => {
    const refuses = (config: Record<string, unknown>) => entityChangedTrigger.holds?.refuses?.(config);
    expect(refuses({ field: 'status', to: 'on' })).toBeUndefined();
    expect(refuses({ field: 'status', from: 'on' })).toMatch(/"field" and "to"/);
    expect(refuses({ field: 'at.floor', to: 2 })).toMatch(/"at.floor" is inside one/);
  });

  test('refuses from and to without a field', () => {
    expect(entityChangedTrigger.configSchema?.safeParse({ kind: 'lamp', to: 'on' }).success).toBe(false);
  });
});
