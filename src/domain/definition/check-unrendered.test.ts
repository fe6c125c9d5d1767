import { testRegistry } from './registry.fixture';
import { validateDefinition } from './validate';

const warningsOf = (document: Record<string, unknown>) => {
  const base = { name: 'x', triggers: [{ event: 'healthcheck.system_degraded' }] };
  const { errors, warnings } = validateDefinition({ ...base, ...document }, { registry: testRegistry });
  expect(errors).toEqual([]);
  return warnings.map(({ path, code }) => `${path} ${code}`);
};

it('warns about templates in fields that are never rendered', () => {
  const config = { kind: '{{ variables.kind }}' };
  expect(warningsOf({ triggers: [{ event: 'automation.entity_changed', config }] })).toEqual([
    'triggers[0].config.kind stray_braces',
  ]);
  expect(warningsOf({ actions: [{ stop: { reason: 'Of {{ trigger.id }}' } }] })).toEqual([]);
  const state = { kind: 'k', id: 'i', field: 'f', equals: ['a', '{{ trigger.id }}'] };
  expect(warningsOf({ conditions: [{ state }] })).toEqual(['conditions[0].state.equals[1] stray_braces']);
});

it('warns if the kind of an entity is unknown', () => {
  expect(warningsOf({ actions: [{ wait_until: { condition: 'state[trigger.payload.kind].x.status == 1' } }] })).toEqual(
    ['actions[0].wait_until.condition indeterminate_reference'],
  );
  expect(warningsOf({ conditions: ['state.incident[trigger.payload.id].status == "resolved"'] })).toEqual([]);
});
