import { base, validate, warningsOf } from './validate.fixture';

const known = { hooks: new Set(['deploys']), kinds: new Map([['deployment', {}]]) };
const on = (event: string, config: object) => ({ ...base, triggers: [{ event, config }] });

describe('names that a document refers to', () => {
  it('are not checked if the existing names are unknown', () => {
    expect(warningsOf(on('automation.webhook', { hook: 'deploy' }))).toEqual([]);
    expect(warningsOf(on('automation.entity_changed', { kind: 'deploymnt' }))).toEqual([]);
  });

  it('cause no warning if they exist', () => {
    expect(warningsOf(on('automation.webhook', { hook: 'deploys' }), known)).toEqual([]);
    expect(warningsOf(on('automation.entity_changed', { kind: 'deployment' }), known)).toEqual([]);
  });

  it('of unknown hooks cause a warning with the nearest name', () => {
    const { warnings } = validate(on('automation.webhook', { hook: 'deploy' }), known);
    expect(warnings).toEqual([
      {
        path: 'triggers[0].config.hook',
        code: 'unknown_hook',
        message: 'Hook "deploy" not found. Did you mean "deploys"?',
      },
    ]);
    const other = validate(on('automation.webhook', { hook: 'releases' }), known).warnings;
    expect(other[0]?.message).toBe('Hook "releases" not found. Create it with POST /api/v1/hooks');
  });

  it('of hooks are also checked in waits', () => {
    const wait = { wait_for_trigger: { event: 'automation.webhook', config: { hook: 'deploy' }, context_key: '*' } };
    expect(warningsOf({ ...base, actions: [wait] }, known)).toEqual([
      'actions[0].wait_for_trigger.config.hook unknown_hook',
    ]);
  });

  it('in expressions of a config cause a warning if they are not in the scope of the field', () => {
    const { warnings } = validate(on('automation.webhook', { hook: 'deploys', contextKey: 'headers["X-Req"]' }), known);
    expect(warnings).toEqual([
      {
        path: 'triggers[0].config.contextKey',
        code: 'unknown_name',
        message: 'Unknown name "headers". Known names: trigger (line 1, column 1)',
      },
    ]);
    const config = { hook: 'deploys', contextKey: 'trigger.payload.headers["x-req"]' };
    expect(warningsOf(on('automation.webhook', config), known)).toEqual([]);
  });

  it('of connections are checked in triggers', () => {
    const connections = new Set(['Cluster']);
    expect(warningsOf(on('automation.cluster', { connectionId: 'Cluster' }), { connections })).toEqual([]);
    const { warnings } = validate(on('automation.cluster', { connectionId: 'Clustr' }), { connections });
    expect(warnings).toEqual([
      {
        path: 'triggers[0].config.connectionId',
        code: 'unknown_connection',
        message: 'Connection "Clustr" not found. Did you mean "Cluster"?',
      },
    ]);
  });

  it('of unknown entity kinds cause warnings in triggers and conditions', () => {
    const state = { kind: 'deploymnt', id: 'web', field: 'version', equals: 1 };
    const document = { ...on('automation.entity_changed', { kind: 'deploymnt' }), conditions: [{ state }] };
    expect(warningsOf(document, known)).toEqual([
      'triggers[0].config.kind unknown_kind',
      'conditions[0].state.kind unknown_kind',
    ]);
  });
});
