import { DEFINITION_SCHEMA, upgradeDocument } from './upgrade';

const flapping = (trigger: Record<string, unknown>) => ({
  name: 'x',
  triggers: [{ event: 'healthcheck.system_degraded' }, { event: 'healthcheck.flapping_detected', ...trigger }],
  actions: [],
});
const upgradedTrigger = (document: Record<string, unknown>) =>
  (upgradeDocument(document, 1) as { triggers: Record<string, unknown>[] }).triggers[1];

describe('upgrading a stored document', () => {
  test('replaces flapping_detected with a window, and keeps the id', () => {
    expect(upgradedTrigger(flapping({ config: { transitions: 5, windowMinutes: 10 } }))).toEqual({
      id: 'healthcheck_flapping_detected',
      event: 'healthcheck.system_health_changed',
      filter: 'trigger.payload.newStatus != "healthy"',
      window: { count: 5, minutes: 10, refire: 'once' },
    });
    expect(upgradedTrigger(flapping({ id: 'mine', event: 'healthcheck.flapping.detected' }))).toMatchObject({
      id: 'mine',
      window: { count: 3, minutes: 60 },
    });
  });

  test('keeps an existing filter together with the new one', () => {
    expect(upgradedTrigger(flapping({ filter: 'a == 1 || b' }))).toMatchObject({
      filter: '(a == 1 || b) && (trigger.payload.newStatus != "healthy")',
    });
    expect(upgradedTrigger(flapping({ filter: '{{ a == 1 }}' }))).toMatchObject({
      filter: '(a == 1) && (trigger.payload.newStatus != "healthy")',
    });
  });

  test.each([
    [{ transitions: '5', windowMinutes: null }],
    [{ transitions: 0, windowMinutes: -1 }],
    [{ transitions: 2.5, windowMinutes: 1e9 }],
    ['no config'],
  ])('takes the defaults for numbers that cannot be used: %j', (config) => {
    expect(upgradedTrigger(flapping({ config }))).toMatchObject({ window: { count: 3, minutes: 60, refire: 'once' } });
  });

  test('changes neither other triggers nor documents of the current schema version', () => {
    const document = { name: 'x', triggers: [{ event: 'incident.created' }], actions: [] };
    expect(upgradeDocument(document, 1)).toBe(document);
    const old = flapping({});
    expect(upgradeDocument(old, DEFINITION_SCHEMA)).toBe(old);
  });
});
