import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '../../db/client';
import { createLogger } from '../../log';
import { createRunLauncher } from './launch';

describe('the launcher of runs', () => {
  it('reports when no run waits in the table for a slot any longer', async () => {
    const launcher = createRunLauncher({
      database: { db: { execute: () => Promise.resolve({ rows: [] }) } } as unknown as Database,
      starter: () => null,
      sizes: { workflowTasks: 1, activities: 1 },
      log: createLogger({ level: 'silent', name: 'test' }),
    });
    // The first sweep, which finds no run.
    await pause(50);
    const reports: boolean[] = [];
    launcher.onAllStarted(() => reports.push(launcher.hasWaiting()));
    expect(launcher.reserve('first', 'automation')).toBe(true);
    expect(launcher.reserve('second', 'automation')).toBe(false);
    await pause(50);
    expect([reports, launcher.hasWaiting()]).toEqual([[], true]);
    launcher.release('first');
    await pause(50);
    expect([reports, launcher.hasWaiting()]).toEqual([[false], false]);
    await launcher.stop();
  });
});
