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
