import { createFleet } from './fleet';
import type { Executor } from '../db/executor';

describe('the fleet', () => {
  it('counts the live workers, and notifies the others when this one starts and stops, but at no renewal', async () => {
    let notified = 0;
    // Three other workers are live.
    const answer = { rows: [{ live: 3, others: null }] };
    const fleet = createFleet({
      db: { execute: () => Promise.resolve(answer) } as unknown as Executor,
      worker: { id: 'w', host: 'h', pid: 1, version: '1', scriptLimits: 'rlimit', leaseSeconds: 5 },
      knowledge: { names: [], reads: {} },
      notify: () => (notified += 1),
    });
    expect(fleet.workers()).toBe(1);
    await fleet.announce();
    expect(notified).toBe(1);
    expect(fleet.workers()).toBe(4);
    await fleet.announce();
    expect(notified).toBe(1);
    await fleet.withdraw();
    expect(notified).toBe(2);
  });
});
