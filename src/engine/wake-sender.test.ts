import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '../db/client';
import type { Wake } from '../db/runs/wait-states';
import { createLogger } from '../log';
import type { RunStarter } from '../temporal/run-starter';
import { createWakeSender } from './wake-sender';

const wake = (n: number): Wake => ({ runId: `run-${n}`, path: 'actions[0]', workflowId: `workflow-${n}` });

/**
 * Returns a sender whose signals stay in progress until `answer` is called. Its sweep finds the wakes in `unanswered`.
 */
function sender(unanswered: Wake[] = [], mayResume = (_runId: string, _signal: AbortSignal) => Promise.resolve()) {
  const sent: string[] = [];
  const answers: (() => void)[] = [];
  const rows = unanswered.map(({ runId, path, workflowId }) => ({ run_id: runId, path, workflow_id: workflowId }));
  let found = 0;
  const db = {
    execute: () => {
      found += 1;
      return Promise.resolve({ rows });
    },
  };
  const starter = {
    wake: ({ runId }: Wake) => {
      sent.push(runId);
      return new Promise<void>((resolve) => answers.push(resolve));
    },
  };
  const wakes = createWakeSender({
    database: { db } as unknown as Database,
    starter: () => starter as unknown as RunStarter,
    slots: { resume: mayResume },
    failpoint: () => undefined,
    log: createLogger({ level: 'silent', name: 'test' }),
  });
  const settled = async () => {
    for (let turn = 0; turn < 10; turn += 1) await pause(0);
  };
  return {
    ...{ wakes, sent, settled },
    sweeps: () => found,
    async answer(count = 1) {
      for (let n = 0; n < count; n += 1) answers.shift()?.();
      await settled();
    },
  };
}

describe('the wakes of a worker', () => {
  it('are not sent again while they are in progress, but can be sent again afterwards', async () => {
    const { wakes, sent, settled, sweeps, answer } = sender([wake(1)]);
    await settled();
    expect(sent).toEqual(['run-1']);
    const before = sweeps();
    wakes.poke();
    await settled();
    expect(sweeps()).toBeGreaterThan(before);
    wakes.send(wake(1));
    await settled();
    expect(sent).toEqual(['run-1']);
    await answer();
    wakes.send(wake(1));
    await settled();
    expect(sent).toEqual(['run-1', 'run-1']);
    await answer();
    await wakes.stop();
  });

  it('wait until their run may continue, without delaying other wakes', async () => {
    const resumed = new Map<string, () => void>();
    const mayResume = (runId: string) => new Promise<void>((resolve) => resumed.set(runId, resolve));
    const { wakes, sent, settled, answer } = sender([], mayResume);
    for (let n = 0; n < 30; n += 1) wakes.send(wake(n));
    await settled();
    expect(sent).toEqual([]);
    resumed.get('run-29')?.();
    await settled();
    expect(sent).toEqual(['run-29']);
    await answer();
    const stopped = wakes.stop();
    resumed.get('run-0')?.();
    await settled();
    await stopped;
    expect(sent).toEqual(['run-29']);
  });

  it('are sent concurrently, at most 20 at a time', async () => {
    const { wakes, sent, settled, answer } = sender();
    for (let n = 0; n < 50; n += 1) wakes.send(wake(n));
    await settled();
    expect(sent).toHaveLength(20);
    await answer(5);
    expect(sent).toHaveLength(25);
    for (let left = 0; left < 5; left += 1) await answer(20);
    expect(new Set(sent).size).toBe(50);
    expect(sent).toHaveLength(50);
    await wakes.stop();
  });

  it('are left to other workers if they are still queued when the worker stops', async () => {
    const { wakes, sent, settled, answer } = sender();
    for (let n = 0; n < 30; n += 1) wakes.send(wake(n));
    await settled();
    const stopping = wakes.stop();
    wakes.send(wake(99));
    await answer(30);
    await stopping;
    expect(sent).toHaveLength(20);
  });
});
