import { nameOfFirstStretch, nameOfStretch } from './activity-names';
import type { PlanNode } from './plan';

const base = { id: null, label: '', enabled: true as const, continueOnError: false };
const retry = { maxAttempts: 1, initialSeconds: 1, factor: 1, maxSeconds: 1 };
const action = (name: string, execution: 'short' | 'long' = 'short'): PlanNode => ({
  ...base,
  ...{ kind: 'action', action: name, execution, timeoutMs: 1, retry },
});
const delay: PlanNode = { ...base, kind: 'delay' };

describe('a stretch is named after its steps', () => {
  it('up to the first one that needs Temporal', () => {
    const create = action('incident.create');
    expect(nameOfStretch(create, [])).toBe('incident.create');
    expect(nameOfStretch(create, [action('a.b'), action('c.d')])).toBe('incident.create + 2 more');
    expect(nameOfStretch(create, [action('a.b'), delay, action('c.d')])).toBe('incident.create + 1 more');
    expect(nameOfStretch(create, [action('script.python', 'long')])).toBe('incident.create');
    expect(nameOfStretch(delay, [create])).toBe('delay');
  });

  it('even before the plan is known', () => {
    expect(nameOfFirstStretch([])).toBeUndefined();
    const steps = [{ action: 'incident.create' }, { choose: [] }, { delay: { seconds: 1 } }, { action: 'a.b' }];
    expect(nameOfFirstStretch(steps)).toBe('incident.create + 1 more');
    expect(nameOfFirstStretch([{ wait_until: {} }, { action: 'a.b' }])).toBe('wait_until');
  });
});
