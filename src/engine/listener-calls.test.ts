import type { Change } from '../domain/entities/change';
import type { EntityListener } from '../domain/registry/entity-listener';
import { createListenerCalls, ListenerFailure } from './listener-calls';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const change = (changeId: string) => ({ shape: 'entity', kind: 'k', id: changeId, changeId }) as unknown as Change;
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Returns a listener that takes `ms` milliseconds, and the ids of the changes for which it was called. */
function listenerOf(ms: number, error?: Error) {
  const called: string[] = [];
  const handler = async ({ changeId }: { changeId: string }) => {
    called.push(changeId);
    await pause(ms);
    if (error) throw error;
  };
  return { called, listeners: [{ handler } as unknown as EntityListener] };
}

describe('a listener', () => {
  it('that is quick has been called when its change is routed', async () => {
    const { called, listeners } = listenerOf(100);
    const notified = createListenerCalls().notify(change('a'), listeners);
    await jest.advanceTimersByTimeAsync(100);
    expect([await notified, called]).toEqual([true, ['a']]);
  });

  it('that takes long delays routing by 200 ms, and is called once for its change', async () => {
    const calls = createListenerCalls();
    const { called, listeners } = listenerOf(5_000);
    const first = calls.notify(change('a'), listeners);
    await jest.advanceTimersByTimeAsync(200);
    expect(await first).toBe(false);
    const second = calls.notify(change('a'), listeners);
    await jest.advanceTimersByTimeAsync(0);
    expect(await second).toBe(false);
    await jest.advanceTimersByTimeAsync(5_000);
    expect([await calls.notify(change('a'), listeners), called]).toEqual([true, ['a']]);
  });

  it('that fails, or takes longer than 30 s, is called again at the next attempt', async () => {
    const calls = createListenerCalls();
    const failing = listenerOf(1_000, new Error('no server'));
    const hanging = listenerOf(3_600_000);
    for (const { listeners, called } of [failing, hanging]) {
      const id = called === failing.called ? 'f' : 'h';
      for (const times of [1, 2]) {
        const begun = calls.notify(change(id), listeners);
        await jest.advanceTimersByTimeAsync(30_100);
        expect(await begun).toBe(false);
        await expect(calls.notify(change(id), listeners)).rejects.toThrow(ListenerFailure);
        expect(called).toHaveLength(times);
      }
    }
  });

  it('is called for at most 50 changes at a time; results that nothing reads are forgotten', async () => {
    const calls = createListenerCalls();
    const { called, listeners } = listenerOf(5_000);
    const all = Promise.all(Array.from({ length: 60 }, (_, n) => calls.notify(change(`${n}`), listeners)));
    await jest.advanceTimersByTimeAsync(200);
    expect([(await all).includes(true), called.length]).toEqual([false, 50]);
    await jest.advanceTimersByTimeAsync(66_000);
    void calls.notify(change('another'), listeners);
    expect(called).toHaveLength(51);
    await jest.advanceTimersByTimeAsync(10_000);
  });
});
