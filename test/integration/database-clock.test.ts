import { followDatabaseClock } from '../../src/db/database-clock';
import { useDatabase } from '../support/database';
import { until } from '../support/until';

const MINUTES = 60_000;

describe('the clock of the database', () => {
  const database = useDatabase();

  it('is used by a process whose own clock is 10 minutes ahead or behind, and the skew is reported', async () => {
    for (const skew of [10 * MINUTES, -10 * MINUTES]) {
      const reported: number[] = [];
      const wall = () => Date.now() + skew;
      const clock = await followDatabaseClock(database.db, { wall, onSkew: (ms) => reported.push(ms) });
      const { rows } = await database.pool.query<{ at: Date }>('select clock_timestamp() as at');
      expect(Math.abs(clock.now().getTime() - (rows[0]?.at.getTime() ?? 0))).toBeLessThan(30_000);
      expect(Math.abs(clock.skewMs() - skew)).toBeLessThan(30_000);
      expect(reported).toHaveLength(1);
      clock.stop();
    }
  });

  it('is read again after the clock of the machine was set, and the skew is reported once', async () => {
    let skew = 0;
    const reported: number[] = [];
    const wall = () => Date.now() + skew;
    const clock = await followDatabaseClock(database.db, { wall, onSkew: (ms) => reported.push(ms) });
    expect(reported).toEqual([]);
    skew = 10 * MINUTES;
    clock.now();
    await until('the skew is measured', () => clock.skewMs() > 9 * MINUTES);
    expect(Math.abs(clock.now().getTime() - Date.now())).toBeLessThan(30_000);
    clock.now();
    expect(reported).toHaveLength(1);
    clock.stop();
  });
});
