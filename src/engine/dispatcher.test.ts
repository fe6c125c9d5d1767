import { setTimeout as pause } from 'node:timers/promises';
import { createLogger } from '../log';
import { createDispatcher, type DispatcherDeps } from './dispatcher';
import type { Iteration } from './route-next';

afterEach(() => jest.restoreAllMocks());

/** Starts a dispatcher whose rounds have the given result. `rounds` returns how often it has read the change log. */
function dispatcherOf(result: Iteration) {
  let rounds = 0;
  let allStarted = (): void => undefined;
  const deps = {
    leases: { renew: () => Promise.resolve(), release: () => Promise.resolve() },
    fleet: { differs: () => false },
    evaluations: { close: () => Promise.resolve() },
    launcher: { onAllStarted: (callback: () => void) => void (allStarted = callback) },
    log: createLogger({ level: 'silent', name: 'test' }),
  } as unknown as DispatcherDeps;
  const dispatcher = createDispatcher(deps, () => {
    rounds += 1;
    return Promise.resolve(result);
  });
  return { dispatcher, rounds: () => rounds, allStarted: () => allStarted() };
}

const idleDispatcher = () => dispatcherOf({ isFull: false, pauseMs: 0 });

describe('the dispatcher', () => {
  it.each([-600_000, 600_000])(
    'reads the change log every second, and when it is poked, if the clock of the machine is set by %d ms',
    async (jumpMs) => {
      const { dispatcher, rounds } = idleDispatcher();
      await pause(200);
      const clock = Date.now;
      jest.spyOn(Date, 'now').mockImplementation(() => clock() + jumpMs);
      await pause(1_200);
      const before = rounds();
      await pause(2_200);
      expect(rounds() - before).toBeGreaterThanOrEqual(2);
      const poked = rounds();
      dispatcher.poke();
      await pause(100);
      expect(rounds()).toBeGreaterThan(poked);
      await dispatcher.stop();
    },
  );

  it('pauses while admitted runs wait for slots, until changes arrive or no run waits', async () => {
    const { dispatcher, rounds, allStarted } = dispatcherOf({ isFull: true, pauseMs: 10_000 });
    await pause(100);
    const before = rounds();
    await pause(100);
    expect(rounds()).toBe(before);
    dispatcher.poke();
    await pause(50);
    expect(rounds()).toBe(before + 1);
    allStarted();
    await pause(50);
    expect(rounds()).toBe(before + 2);
    await dispatcher.stop();
  });

  it('does not read the change log again when runs have started and it has routed all changes', async () => {
    const { dispatcher, rounds, allStarted } = idleDispatcher();
    await pause(100);
    const before = rounds();
    allStarted();
    await pause(50);
    expect(rounds()).toBe(before);
    await dispatcher.stop();
  });
});
