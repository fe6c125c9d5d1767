import { createSlots } from './slots';

const never = new AbortController().signal;
const later = () => {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
};

it('runs a fixed number of scripts at once, and queued scripts in order', async () => {
  const slots = createSlots({ atOnce: 2, maxWaiting: 10, waitMs: 60_000 });
  const gates = [later(), later(), later(), later()];
  const began: number[] = [];
  const all = gates.map(({ promise }, index) =>
    slots(never, () => {
      began.push(index);
      return promise;
    }),
  );
  await Promise.resolve();
  expect(began).toEqual([0, 1]);
  gates[1]?.resolve();
  await all[1];
  await new Promise(setImmediate);
  expect(began).toEqual([0, 1, 2]);
  gates.forEach(({ resolve }) => resolve());
  await Promise.all(all);
  expect(began).toEqual([0, 1, 2, 3]);
});

it('refuses a script with a retryable failure if the queue is full or the script has waited too long', async () => {
  const slots = createSlots({ atOnce: 1, maxWaiting: 1, waitMs: 10 });
  const gate = later();
  const first = slots(never, () => gate.promise);
  const second = slots(never, () => Promise.resolve());
  await expect(slots(never, () => Promise.resolve())).rejects.toMatchObject({ code: 'overloaded', retryable: true });
  await expect(second).rejects.toMatchObject({ code: 'overloaded', retryable: true });
  gate.resolve();
  await first;
  await expect(slots(never, () => Promise.resolve('free again'))).resolves.toBe('free again');
});

it('removes a script from the queue when its signal aborts, and releases the slot if the work fails', async () => {
  const slots = createSlots({ atOnce: 1, maxWaiting: 5, waitMs: 60_000 });
  const gate = later();
  const first = slots(never, () => gate.promise.then(() => Promise.reject(new Error('failed'))));
  const controller = new AbortController();
  const second = slots(controller.signal, () => Promise.resolve('must not run'));
  controller.abort(new Error('gone'));
  await expect(second).rejects.toThrow('gone');
  gate.resolve();
  await expect(first).rejects.toThrow('failed');
  await expect(slots(never, () => Promise.resolve('next'))).resolves.toBe('next');
});
