import { descendants, nameOf, renderCosts, type Usage } from './costs';

test('descendants are found at any depth, even if a child has a smaller pid than its parent', () => {
  const processes = [
    { pid: 10, parent: 1, command: 'bench' },
    { pid: 5, parent: 20, command: 'grandchild' },
    { pid: 20, parent: 10, command: 'child' },
    { pid: 30, parent: 1, command: 'stranger' },
  ];
  expect(descendants(processes, 10).map(({ pid }) => pid)).toEqual([5, 20]);
});

test('processes are named after the program that they run', () => {
  expect(nameOf('/opt/pg/bin/postgres -D data')).toBe('Postgres');
  expect(nameOf('postgres: fermata bench_runs 127.0.0.1(5000) idle')).toBe('Postgres');
  expect(nameOf('/bin/temporal server start-dev --port 1')).toBe('Temporal');
  expect(nameOf('node dist/src/cli/main.js worker')).toBe('fermata worker');
});

test('costs are divided by the number of runs, and processes that used no CPU time are left out', () => {
  const usage = (factor: number): Usage => ({
    cpuMs: new Map([
      ['fermata api', 100 * factor],
      ['idle', 5],
    ]),
    statements: new Map([['select 1', 10 * factor]]),
    commits: 4 * factor,
    requests: new Map([['StartWorkflowExecution', 2 * factor]]),
    eagerStarts: 2 * factor,
    starts: 2 * factor,
  });
  expect(renderCosts('Runs', 2, usage(1), usage(2)).split('\n')).toEqual([
    'Runs: each of 2 runs',
    '    50.00 ms CPU  fermata api',
    '     5.00 statements',
    '     5.00   select 1',
    '     2.00 commits',
    '     1.00 requests  StartWorkflowExecution',
    '     1.00 eager starts',
  ]);
});
