import { datadogSender } from './datadog';

const nameOf = (title: string): unknown => {
  const [element] = datadogSender.read({ id: '1', transition: 'Triggered', title }).elements;
  return element?.kind === 'alert' ? element.alert.labels['alertname'] : element;
};

it.each([
  ['[P1] [Triggered on {host:web-1,env:prod}] CPU is high', 'CPU is high'],
  ['[Triggered] [Memory Alert]', '[Memory Alert]'],
  ['[Re-Triggered on {host:a}] Disk', 'Disk'],
  ['[No Data on {host:a}] Disk', 'Disk'],
  ['[Recovered] Disk', 'Disk'],
  ['[checkout] latency', '[checkout] latency'],
  ['', 'Monitor 1'],
])('reads the name of the monitor from the title %s', (title, name) => {
  expect(nameOf(title)).toBe(name);
});

it('ignores a notification that changes no status', () => {
  const message = { id: '1', title: 'Disk' };
  expect(datadogSender.read({ ...message, transition: 'Null' }).elements).toEqual([{ kind: 'nothing' }]);
  expect(datadogSender.read({ ...message, transition: 'Odd' }).elements).toMatchObject([{ kind: 'refused' }]);
});
