import { validateDefinition } from '../../domain/definition/validate';
import { createRegistry } from '../../domain/registry/registry';
import { alertTriggers } from './triggers';

const fired = alertTriggers.find(({ id }) => id === 'fired');
const payload = { source: 'grafana', labels: { alertname: 'DiskFull', env: 'dev' } };

test('a matcher that does not match is reported with its label, the value of the alert and the expected one', () => {
  const config = { matchers: ['alertname="DiskFull"', 'env=~"prod|test"'] };
  expect(fired?.mismatch?.(payload, config)).toEqual({
    ...{ path: 'matchers[1]', expression: 'labels.env', found: 'dev', wanted: { '=~': 'prod|test' } },
  });
  expect(fired?.mismatch?.(payload, { matchers: ['team="db"'] })).toMatchObject({ found: '', wanted: 'db' });
});

test('the source and all matchers that match are reported with their values', () => {
  const config = { source: 'grafana', matchers: ['alertname="DiskFull", env!="prod"'] };
  expect(fired?.matched?.(payload, config)).toEqual([
    { path: 'source', expression: 'source', found: 'grafana', wanted: 'grafana' },
    { path: 'matchers[0]', expression: 'labels.alertname', found: 'DiskFull', wanted: 'DiskFull' },
    { path: 'matchers[0]', expression: 'labels.env', found: 'dev', wanted: { '!=': 'prod' } },
  ]);
});

describe('a wait for an event of an alert', () => {
  const registry = createRegistry([{ id: 'alert', triggers: alertTriggers }]);
  const codes = (ofTrigger: object, ofWait: object) => {
    const document = {
      name: 'x',
      triggers: [{ event: 'alert.fired', config: ofTrigger }],
      actions: [{ wait_for_trigger: { event: 'alert.resolved', timeout_seconds: 60, config: ofWait } }],
    };
    const { errors, warnings } = validateDefinition(document, { registry });
    return [...errors, ...warnings].map(({ code }) => code);
  };

  test('has a warning when it groups alerts by other labels than the trigger', () => {
    const byCluster = { group_by: ['cluster'] };
    expect(codes({}, {})).toEqual([]);
    expect(codes(byCluster, byCluster)).toEqual([]);
    expect(codes(byCluster, {})).toEqual(['context_key_differs']);
    expect(codes({}, byCluster)).toEqual(['context_key_differs']);
    expect(codes(byCluster, { group_by: ['cluster', 'zone'] })).toEqual(['context_key_differs']);
  });

  test('has only the error when group_by is not a list', () => {
    expect(codes({ group_by: 'cluster' }, {})).toEqual(['invalid_type']);
  });
});
