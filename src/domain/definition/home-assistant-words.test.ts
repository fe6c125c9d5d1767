import { testRegistry } from './registry.fixture';
import { validateDefinition } from './validate';

const messagesOf = (document: unknown) =>
  validateDefinition(document as Record<string, unknown>, { registry: testRegistry }).errors.map(
    ({ path, message }) => `${path}: ${message}`,
  );
const DEGRADED = { event: 'healthcheck.system_degraded' };
const ofStep = (step: object) => messagesOf({ name: 'x', triggers: [DEGRADED], actions: [step] }).join('\n');
const ofTrigger = (trigger: object) => messagesOf({ name: 'x', triggers: [trigger] }).join('\n');
const ofCondition = (condition: unknown) =>
  messagesOf({ name: 'x', triggers: [DEGRADED], conditions: [condition] }).join('\n');

describe('the error for a Home Assistant keyword names the Fermata keyword', () => {
  it('at the top level of a document', () => {
    const found = messagesOf({ alias: 'x', trigger: [], condition: [], action: [] }).join('\n');
    expect(found).toContain('Unknown key "alias". Write "name"');
    expect(found).toContain('Unknown key "trigger". Write "triggers", a list');
    expect(found).toContain('Unknown key "condition". Write "conditions", a list');
    expect(found).toContain('Unknown key "action". Write "actions", a list');
  });

  it('if the document is a list', () => {
    expect(messagesOf([{ alias: 'x' }]).join('\n')).toContain(
      'got a list. Write each automation as a separate document',
    );
  });

  it('in triggers', () => {
    expect(ofTrigger({ platform: 'state', entity_id: 'light.hall', to: 'on' })).toContain(
      'Unknown key "platform". Write "event: <plugin>.<name>"',
    );
    expect(ofTrigger({ ...DEGRADED, value_template: '{{ x }}' })).toContain('Write "filter"');
  });

  it.each<[string, object, string]>([
    ['service', { service: 'light.turn_on' }, 'Write "action: <plugin>.<name>"'],
    ['if and then', { if: 'true', then: [] }, 'Write "choose: [{when: …, sequence: […]}]"'],
    ['wait_template', { wait_template: '{{ x }}' }, 'Write "wait_until: {condition: …}"'],
    ['data', { action: 'automation.log', data: { message: 'x' } }, 'Unknown key "data". Write "config"'],
    ['alias', { alias: 'first', delay: { seconds: 1 } }, 'Unknown key "alias". Write "id"'],
    ['default of a choose', { choose: [{ when: 'true', sequence: [] }], default: [] }, 'Write "else"'],
  ])('in steps: %s', (_, step, hint) => {
    expect(ofStep(step)).toContain(hint);
  });

  it('in conditions', () => {
    expect(ofCondition({ condition: 'state', entity_id: 'light.hall', state: 'on' })).toContain(
      'Write the kind as the key',
    );
    expect(ofCondition({ condition: 'template', value_template: '{{ x }}' })).toContain('Write the kind as the key');
  });

  it('and does not occur for keys that are valid in Fermata', () => {
    const sound = {
      name: 'x',
      triggers: [DEGRADED],
      actions: [{ condition: 'true' }, { action: 'automation.log', config: { message: 'x' } }],
    };
    expect(messagesOf(sound)).toEqual([]);
  });
});
