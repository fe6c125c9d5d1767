import { mainLabelsText } from './main-labels';

test('the labels that identify an alert are at most three, those that say where it fires first', () => {
  const labels = { alertname: 'DiskFull', severity: 'critical', instance: 'db-1', zone: 'a', job: 'node' };
  expect(mainLabelsText(labels)).toBe('{instance="db-1", job="node", severity="critical"}');
  expect(mainLabelsText({ alertname: 'DiskFull' })).toBeUndefined();
});

test('a label that is omitted makes room for another label', () => {
  const labels = { alertname: 'DiskFull', severity: 'critical', instance: 'db-1', zone: 'a', job: 'node' };
  expect(mainLabelsText(labels, ['severity'])).toBe('{instance="db-1", job="node", zone="a"}');
  expect(mainLabelsText({ severity: 'critical' }, ['severity'])).toBeUndefined();
});
