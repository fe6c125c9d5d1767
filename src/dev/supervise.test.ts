import { startChild } from '../os/child';
import { supervise, type Started } from './supervise';

const running = async (): Promise<Started> => {
  const child = await startChild({ command: 'sleep', args: ['30'], onLine: () => undefined });
  return { process: child, stop: async () => void (await child.stop('SIGTERM', 1_000)) };
};

it('restarts a process that ended unexpectedly, and reports it', async () => {
  const reported: string[] = [];
  const pids: number[] = [];
  const { supervised, first } = await supervise({
    start: running,
    report: (message) => reported.push(message),
    onStarted: (started) => pids.push(started.process.pid),
    onEnd: () => undefined,
  });
  first.process.signal('SIGKILL');
  while (pids.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  await supervised.stop();
  expect(reported).toEqual(['ended (SIGKILL); starting it again in 1 s', 'started again']);
});

it('does not restart a process that stop() ended', async () => {
  const reported: string[] = [];
  const { supervised, first } = await supervise({
    start: running,
    report: (message) => reported.push(message),
    onStarted: () => undefined,
    onEnd: () => reported.push('end'),
  });
  await supervised.stop();
  expect(first.process.running).toBe(false);
  expect(reported).toEqual([]);
});

it('rejects when the first start fails', async () => {
  const start = () => Promise.reject(new Error('no such program'));
  const options = { start, report: () => undefined, onStarted: () => undefined, onEnd: () => undefined };
  await expect(supervise<Started>(options)).rejects.toThrow('no such program');
});
