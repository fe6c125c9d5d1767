import { runProcess } from './run-process';

const run = (signal: AbortSignal) =>
  runProcess({
    ...{ command: '/bin/bash', args: ['-c', 'echo begun; sleep 60'], env: { PATH: '/usr/bin:/bin' }, stdin: '' },
    ...{ timeoutMs: 30_000, mask: (value) => value, signal },
  });

it('counts a process as timed out when the time limit of its caller is over, and keeps its output', async () => {
  expect(await run(AbortSignal.timeout(300))).toMatchObject({ timedOut: true, exitCode: null, stdout: 'begun\n' });
});

it('throws the reason of any other abort', async () => {
  const controller = new AbortController();
  const running = run(controller.signal);
  setTimeout(() => controller.abort(new Error('Cancelled')), 300);
  await expect(running).rejects.toThrow('Cancelled');
});
