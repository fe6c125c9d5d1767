import { createSweep } from './sweep';

const never = 60_000;

it('does its work immediately, and again for work that arrived in the meantime', async () => {
  let rounds = 0;
  let done: () => void = () => undefined;
  const second = new Promise<void>((resolve) => (done = resolve));
  const sweep = createSweep({
    everyMs: never,
    async work() {
      rounds += 1;
      await Promise.resolve();
      if (rounds === 1) sweep.poke();
      else done();
      return false;
    },
    onError: () => undefined,
  });
  await second;
  await sweep.stop();
  expect(rounds).toBe(2);
});

it('continues without a pause while there is more, and after an error', async () => {
  const errors: unknown[] = [];
  let rounds = 0;
  let done: () => void = () => undefined;
  const last = new Promise<void>((resolve) => (done = resolve));
  const sweep = createSweep({
    everyMs: 1,
    work() {
      rounds += 1;
      if (rounds === 2) return Promise.reject(new Error('unreachable'));
      if (rounds === 3) done();
      return Promise.resolve(rounds === 1);
    },
    onError: (error) => errors.push(error),
  });
  await last;
  await sweep.stop();
  expect(errors).toEqual([new Error('unreachable')]);
});

it('stops after the current work has ended, and logs long work', async () => {
  let ended = false;
  const sweep = createSweep({
    everyMs: never,
    async work(isStopped) {
      while (!isStopped()) await new Promise((resolve) => setTimeout(resolve, 1));
      ended = true;
      return true;
    },
    onError: () => undefined,
  });
  await sweep.stop();
  expect(ended).toBe(true);
});
