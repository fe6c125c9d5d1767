import { createLoopWatch, type LoopState } from './loop-watch';
import { createSweep } from './sweep';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const never = new Promise<never>(() => undefined);

it('restarts a loop whose iteration does not end, and reports it once', async () => {
  const stalled: LoopState[] = [];
  const watch = createLoopWatch({ onStalled: (loop) => stalled.push(loop) });
  let rounds = 0;
  const abandoned: (() => boolean)[] = [];
  const sweep = createSweep({
    everyMs: 1_000,
    name: 'starts',
    watch,
    work: (isStopped) => {
      rounds += 1;
      abandoned.push(isStopped);
      return rounds === 1 ? never : Promise.resolve(false);
    },
    onError: () => undefined,
  });
  await jest.advanceTimersByTimeAsync(24_000);
  expect(rounds).toBe(1);
  await jest.advanceTimersByTimeAsync(3_000);
  expect(rounds).toBeGreaterThan(1);
  expect(stalled).toMatchObject([{ name: 'starts', stalled: true, restarts: 1 }]);
  expect(abandoned[0]?.()).toBe(true);
  expect(abandoned[1]?.()).toBe(false);
  expect(watch.states()).toMatchObject([{ name: 'starts', stalled: false, restarts: 1 }]);
  await sweep.stop();
  watch.stop();
});

it('does not report a loop whose iterations end, even with errors, and removes a loop that was stopped', async () => {
  const stalled: LoopState[] = [];
  const watch = createLoopWatch({ onStalled: (loop) => stalled.push(loop) });
  const sweep = createSweep({
    everyMs: 1_000,
    name: 'wakes',
    watch,
    work: () => Promise.reject(new Error('connection terminated')),
    onError: () => undefined,
  });
  await jest.advanceTimersByTimeAsync(60_000);
  await sweep.stop();
  await jest.advanceTimersByTimeAsync(60_000);
  expect(stalled).toEqual([]);
  expect(watch.states()).toEqual([]);
  watch.stop();
});

it('is not affected if the clock of the machine is set', async () => {
  const stalled: LoopState[] = [];
  const watch = createLoopWatch({ onStalled: (loop) => stalled.push(loop) });
  const loop = watch.add('starts', () => undefined);
  await jest.advanceTimersByTimeAsync(20_000);
  loop.round();
  jest.setSystemTime(Date.now() + 600_000);
  await jest.advanceTimersByTimeAsync(20_000);
  expect(stalled).toEqual([]);
  jest.setSystemTime(Date.now() - 1_200_000);
  await jest.advanceTimersByTimeAsync(10_000);
  expect(stalled).toMatchObject([{ name: 'starts', stalled: true, restarts: 1 }]);
  watch.stop();
});
