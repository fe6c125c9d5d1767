import { testRegistry } from './registry.fixture';
import { validateDefinition } from './validate';

const errorsOf = (document: Record<string, unknown>) =>
  validateDefinition({ name: 'x', ...document }, { registry: testRegistry }).errors;
const ofTrigger = (trigger: Record<string, unknown>) => errorsOf({ triggers: [trigger] });
const ofCondition = (condition: unknown) =>
  errorsOf({ triggers: [{ event: 'healthcheck.system_degraded' }], conditions: [condition] });

const DEGRADED = 'healthcheck.system_degraded';

describe('the finding for a field with several forms', () => {
  it('refers to the form of duration with the given keys', () => {
    expect(ofTrigger({ event: DEGRADED, for: { template: 300 } })).toEqual([
      { path: 'triggers[0].for.template', code: 'invalid_type', message: 'Expected a string, got the number 300' },
    ]);
    expect(ofTrigger({ event: DEGRADED, for: { minutes: 5, template: '1' } })).toEqual([
      {
        path: 'triggers[0].for.minutes',
        code: 'unknown_key',
        message: 'Unknown key "minutes". Known here: template, missed',
      },
    ]);
    expect(ofTrigger({ event: DEGRADED, for: { minute: 5 } })).toEqual([
      { path: 'triggers[0].for.minute', code: 'unknown_key', message: 'Unknown key "minute". Did you mean "minutes"?' },
    ]);
  });

  it('refers to the form of state condition with the given keys', () => {
    expect(ofCondition({ state: { entity: 'a', kind: 'k', status: 'healthy' } })).toEqual([
      {
        path: 'conditions[0].state.kind',
        code: 'unknown_key',
        message: 'Unknown key "kind". Known here: entity, status, for',
      },
    ]);
    const found = ofCondition({ state: { kind: 'k', id: 'i', status: 'open' } });
    expect(found.map(({ path, code }) => `${path} ${code}`)).toEqual([
      'conditions[0].state.field required',
      'conditions[0].state.equals required',
      'conditions[0].state.status unknown_key',
    ]);
  });

  it('refers to the event, not to the id derived from it', () => {
    const found = [{ event: 3 }, { event: '' }, { event: '1x.y' }].map((trigger) =>
      ofTrigger(trigger).map(({ path, code }) => `${path} ${code}`),
    );
    expect(found).toEqual([
      ['triggers[0].event invalid_type'],
      ['triggers[0].event unknown_event'],
      ['triggers[0].event unknown_event'],
    ]);
  });
});
