import { createSweep } from './sweep';

const never = 60_000;

it('works immediately, and again if it was poked in the meantime', async () => {
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

it('continues without a pause while there is more', async () => {
  let rounds = 0;
  let done: () => void = () => undefined;
  const last = new Promise<void>((resolve) => (done = resolve));
  const sweep = createSweep({
    everyMs: never,
    work() {
      rounds += 1;
      if (rounds === 3) done();
      return Promise.resolve(rounds < 3);
    },
    onError: () => undefined,
  });
  await last;
  await sweep.stop();
  expect(rounds).toBe(3);
});

it('reports an error, and works again after the interval', async () => {
  const errors: unknown[] = [];
  let rounds = 0;
  let done: () => void = () => undefined;
  const second = new Promise<void>((resolve) => (done = resolve));
  const sweep = createSweep({
    everyMs: 1,
    work() {
      rounds += 1;
      if (rounds === 1) return Promise.reject(new Error('connection terminated'));
      done();
      return Promise.resolve(false);
    },
    onError: (error) => errors.push(error),
  });
  await second;
  await sweep.stop();
  expect(errors).toEqual([new Error('connection terminated')]);
});

it('stops after the current work has ended', async () => {
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
