import { Worker } from 'node:worker_threads';
import { createThreadPool } from './thread-pool';

type Job = { sleepMs: number } | { burn: true };

/** Starts a thread whose jobs either sleep without using the CPU, or never end. */
const start = () =>
  new Worker(
    `const { parentPort } = require('node:worker_threads');
     parentPort.on('message', ({ id, job }) => {
       if (job.burn) for (;;);
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, job.sleepMs);
       parentPort.postMessage({ id, answer: 'slept' });
     });
     parentPort.postMessage('ready');`,
    { eval: true },
  );
const pool = createThreadPool<Job, string>({ size: 1, deadlineMs: 1_000, start });
afterAll(() => pool.close());

test('a job without CPU time may take longer than its deadline', async () => {
  expect(await pool.run({ sleepMs: 1_500 })).toEqual({ type: 'answered', answer: 'slept' });
});

test('a job without CPU time ends after five deadlines', async () => {
  const began = performance.now();
  expect(await pool.run({ sleepMs: 3_600_000 })).toEqual({ type: 'too_expensive' });
  expect(performance.now() - began).toBeGreaterThan(4_900);
});

test('a job with endless work is ended, and the next one gets a new thread', async () => {
  expect(await pool.run({ burn: true })).toEqual({ type: 'too_expensive' });
  expect(await pool.run({ sleepMs: 1 })).toEqual({ type: 'answered', answer: 'slept' });
});

test('a job is reported as unavailable, and not as too expensive, if no thread can start', async () => {
  const broken = createThreadPool<Job, string>({
    ...{ size: 1, deadlineMs: 1_000 },
    start: () => new Worker('throw new Error("broken")', { eval: true }),
  });
  expect(await broken.run({ sleepMs: 1 })).toEqual({ type: 'unavailable' });
});
