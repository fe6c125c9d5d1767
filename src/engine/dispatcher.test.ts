import { setTimeout as pause } from 'node:timers/promises';
import { createRegistry } from '../domain/registry/registry';
import { createLogger } from '../log';
import { createDispatcher, type DispatcherDeps } from './dispatcher';

afterEach(() => jest.restoreAllMocks());

/** Starts a dispatcher without partitions. `rounds` returns how often it has read the change log. */
function idleDispatcher() {
  let rounds = 0;
  const dispatcher = createDispatcher({
    registry: createRegistry([]),
    leases: {
      held: () => {
        rounds += 1;
        return new Map();
      },
      renew: () => Promise.resolve(),
      release: () => Promise.resolve(),
    },
    fleet: { differs: () => false },
    database: { db: {} },
    evaluations: { close: () => Promise.resolve() },
    log: createLogger({ level: 'silent', name: 'test' }),
  } as unknown as DispatcherDeps);
  return { dispatcher, rounds: () => rounds };
}

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
});
