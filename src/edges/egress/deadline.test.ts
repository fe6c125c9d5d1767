import { withDeadline } from './deadline';

const never = () => new Promise<never>(() => undefined);

it('returns or throws the result of the work', async () => {
  const { signal } = new AbortController();
  await expect(withDeadline(1_000, signal, () => Promise.resolve('done'))).resolves.toBe('done');
  await expect(withDeadline(1_000, signal, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
});

it('ends at the timeout, even if the work ignores it', async () => {
  let inner: AbortSignal | undefined;
  const outcome = withDeadline(10, new AbortController().signal, (signal) => {
    inner = signal;
    return never();
  });
  await expect(outcome).rejects.toMatchObject({ code: 'timeout', retryable: true });
  expect(inner?.aborted).toBe(true);
});

it('ends with the reason of the abort', async () => {
  const controller = new AbortController();
  const outcome = withDeadline(1_000, controller.signal, never);
  controller.abort(new Error('cancelled'));
  await expect(outcome).rejects.toThrow('cancelled');
});

it('does not begin if it has already been aborted', async () => {
  const work = jest.fn(never);
  await expect(withDeadline(1_000, AbortSignal.abort(new Error('too late')), work)).rejects.toThrow('too late');
  expect(work).not.toHaveBeenCalled();
});
