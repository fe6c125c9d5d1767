import { announceWorker } from '../../src/db/worker-announcements';
import { useDatabase } from '../support/database';

const knowledge = { names: [], reads: {} };
const self = {
  ...{ id: '00000000-0000-7000-8000-000000000001', host: 'h', pid: 1, version: '1', scriptLimits: 'rlimit' as const },
  ...{ knowledge, knowsId: 'plain', leaseSeconds: 5 },
};

describe('the announcements of workers', () => {
  const database = useDatabase();
  beforeEach(() => database.pool.query('delete from workers'));

  /**
   * Writes the announcement of a worker that was live from `from` to `to` seconds ago. Negative values are in the
   * future.
   */
  const insert = (knowsId: string, from: number, to: number) =>
    database.pool.query(
      `insert into workers (id, host, pid, started_at, expires_at, knows, reads, knows_id)
       values (gen_random_uuid(), 'h', 1, clock_timestamp() - make_interval(secs => $2),
         clock_timestamp() - make_interval(secs => $3), '{}', '{}', $1)`,
      [knowsId, from, to],
    );
  const announce = () => announceWorker(database.db, self);
  const keptAfter = async () => {
    const { rows } = await database.pool.query<{ knows_id: string }>(
      `select knows_id from workers where knows_id <> 'plain' order by 1`,
    );
    return rows.map((row) => row.knows_id);
  };

  it('say whether plugins may return: they do for 60 s after the last worker with them stopped', async () => {
    await insert('plain', 300, -5);
    await insert('weather', 300, 90);
    await insert('weather', 300, 50);
    await insert('tide', 300, 70);
    await insert('harbour', 300, -5);
    const { live, others } = await announce();
    expect(live).toBe(3);
    expect(new Map(others.map(({ knowsId, ...rest }) => [knowsId, rest]))).toEqual(
      new Map([
        ['weather', { live: false, mayReturn: true }],
        ['tide', { live: false, mayReturn: false }],
        ['harbour', { live: true, mayReturn: true }],
      ]),
    );
  });

  it('are kept after an outage of all workers, so that the first worker waits 60 s for the plugins of the others', async () => {
    await insert('weather', 90_000, 40_000);
    for (const secondsSinceStart of [2, 50]) {
      await announce();
      await database.pool.query(
        `update workers set started_at = clock_timestamp() - make_interval(secs => $1) where id = $2`,
        [secondsSinceStart, self.id],
      );
      expect((await announce()).others).toEqual([{ knowsId: 'weather', live: false, mayReturn: true }]);
    }
    await database.pool.query(`update workers set started_at = clock_timestamp() - interval '61 s' where id = $1`, [
      self.id,
    ]);
    expect((await announce()).others).toEqual([{ knowsId: 'weather', live: false, mayReturn: false }]);
    expect(await keptAfter()).toEqual([]);
  });

  it('are removed ten minutes after a worker stopped while others are live', async () => {
    await insert('plain', 300, -5);
    await insert('weather', 90_000, 590);
    await insert('tide', 90_000, 610);
    await announce();
    expect(await keptAfter()).toEqual(['weather']);
  });
});
