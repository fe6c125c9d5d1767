import { sql } from 'drizzle-orm';
import { isDatabaseUnavailable } from '../../src/db/availability';
import { useDatabase } from '../support/database';

/** Blocks this process, including its event loop, for `ms` milliseconds. */
const suspend = (ms: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

describe('a transaction of a process that was suspended', () => {
  const database = useDatabase();

  it('is repeated if Postgres has ended it', async () => {
    let times = 0;
    const transact = () =>
      database.db.transaction(async (tx) => {
        times += 1;
        await tx.execute(sql`set local idle_in_transaction_session_timeout = 100`);
        if (times === 1) suspend(500);
        return tx.execute(sql`select 1 as one`);
      });
    const error: unknown = await transact().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeDefined();
    expect(isDatabaseUnavailable(error)).toBe(true);
    await expect(transact()).resolves.toMatchObject({ rows: [{ one: 1 }] });
  });
});
