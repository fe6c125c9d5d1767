import { sql, type SQL } from 'drizzle-orm';
import { PARTITIONS } from '../../src/db/change-log';
import { takeLeases } from '../../src/db/partition-leases';
import { noteDone, periodicDue } from '../../src/db/periodic-work';
import { releaseSweeps, takeDue } from '../../src/db/sweep-leases';
import { uuidV7 } from '../../src/domain/clock';
import { useDatabase } from '../support/database';

const [A, B] = [uuidV7.next(), uuidV7.next()];

describe('work that one worker does for all', () => {
  const database = useDatabase();
  const isDue = async (condition: SQL) =>
    (await database.db.execute<{ due: boolean }>(sql`select ${condition} as due`)).rows[0]?.due;

  describe('sweeps', () => {
    beforeEach(() => database.pool.query('truncate sweep_leases'));
    const kind = { name: 'starts', due: sql`true`, isShared: false };
    const dueFor = (worker: string) => takeDue(database.db, worker, [kind]);
    const move = (seconds: number) =>
      database.pool.query(`update sweep_leases set expires_at = expires_at + make_interval(secs => $1)`, [seconds]);

    it('belong to one worker, whose conditions only it evaluates', async () => {
      expect(await dueFor(A)).toEqual(['starts']);
      // The condition fails if it is evaluated.
      expect(
        await takeDue(database.db, B, [
          { ...kind, due: sql`(select 1 / count(*) from sweep_leases where name = 'none') = 1` },
        ]),
      ).toEqual([]);
      expect(await dueFor(A)).toEqual(['starts']);
      const shared = { name: 'overdue-dwells', due: sql`true`, isShared: true };
      expect(await takeDue(database.db, B, [kind, shared])).toEqual(['overdue-dwells']);
    });

    it('belong to another worker when their worker stops, or 5 s after it died', async () => {
      await dueFor(A);
      await releaseSweeps(database.db, A);
      expect(await dueFor(B)).toEqual(['starts']);
      await move(-4);
      expect(await dueFor(A)).toEqual([]);
      await move(-2);
      expect(await dueFor(A)).toEqual(['starts']);
    });

    it('belong to another worker if the clock of the database was set back after their worker died', async () => {
      await dueFor(A);
      await move(600);
      expect(await dueFor(B)).toEqual(['starts']);
    });
  });

  it('includes partitions, which another worker takes over even if the clock was set back after their worker died', async () => {
    const take = async (worker: string) =>
      (await takeLeases(database.db, worker, { ordinary: true }, PARTITIONS)).length;
    const move = (seconds: number) =>
      database.pool.query(`update partition_leases set expires_at = expires_at + make_interval(secs => $1)`, [seconds]);
    expect(await take(A)).toBe(PARTITIONS);
    expect(await take(B)).toBe(0);
    await move(-6);
    expect(await take(B)).toBe(PARTITIONS);
    await move(600);
    expect(await take(A)).toBe(PARTITIONS);
  });

  it('is repeated after its interval, and if the clock was set back after it was done', async () => {
    const due = () => isDue(periodicDue('work', 30));
    const move = (seconds: number) =>
      database.pool.query(`update periodic_work set done_at = done_at + make_interval(secs => $1)`, [seconds]);
    expect(await due()).toBe(true);
    await noteDone(database.db, 'work');
    expect(await due()).toBe(false);
    await move(-31);
    expect(await due()).toBe(true);
    await move(600);
    expect(await due()).toBe(true);
  });
});
