import { endProcess, identityOf, isAlive } from './process-identity';
import { startChild } from './child';

const sleeper = (script = 'setInterval(() => {}, 1000)') =>
  startChild({ command: process.execPath, args: ['-e', script], onLine: () => undefined });

it('distinguishes a process from a later process with the same pid', async () => {
  const child = await sleeper();
  const identity = identityOf(child.pid);
  expect(identity && isAlive(identity)).toBe(true);
  expect(isAlive({ pid: child.pid, startedAt: 'another time' })).toBe(false);
  await child.stop('SIGTERM', 1_000);
  expect(identity && isAlive(identity)).toBe(false);
  expect(identityOf(child.pid)).toBeUndefined();
});

it('kills a process that ignores SIGTERM', async () => {
  const child = await sleeper("process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('up')");
  await new Promise((resolve) => setTimeout(resolve, 500));
  const identity = identityOf(child.pid);
  if (identity === undefined) throw new Error('not started');
  await endProcess(identity, 'SIGTERM', 200);
  expect((await child.exited).signal).toBe('SIGKILL');
});
