import { unknownFilters } from './unknown-filters';

describe('filters that a process does not have', () => {
  const knows = (name: string) => name === 'upper';
  const definition = (rest: Record<string, unknown>) => ({ triggers: [], actions: [], ...rest });

  it.each<[string, Record<string, unknown>]>([
    ['the filter of a trigger', { triggers: [{ event: 'a.b', filter: '(trigger.payload.kmh | beaufort) > 8' }] }],
    ['a condition', { conditions: ['(1 | beaufort) == 1'] }],
    ['a variable', { variables: { force: ['{{ trigger.payload.kmh | upper | beaufort }}'] } }],
    [
      'the configuration of an action',
      { actions: [{ action: 'a.b', config: { text: 'Force {{ 20 |\n beaufort }}' } }] },
    ],
    ['a nested step', { actions: [{ repeat: { while: '1 | beaufort', sequence: [] } }] }],
    ['on_failure', { on_failure: [{ stop: { reason: '{{ 1 | beaufort }}' } }] }],
  ])('are found in %s', (_name, rest) => {
    expect(unknownFilters(definition(rest), knows)).toEqual(['beaufort']);
  });

  it('are not searched for in plain text, in fields that are not rendered, or in invalid expressions', () => {
    const actions = [
      { action: 'a.b', config: { text: 'a | beaufort', other: '{{ 1 | upper }}', broken: '{{ 1 | beaufort' } },
    ];
    expect(unknownFilters(definition({ actions, description: '{{ 1 | beaufort }}' }), knows)).toEqual([]);
  });
});
