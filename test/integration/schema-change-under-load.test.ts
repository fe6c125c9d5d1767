import { sql } from 'drizzle-orm';
import { isDatabaseUnavailable } from '../../src/db/availability';
import { createDatabase, type Database } from '../../src/db/client';
import { createTestDatabase, type TestDatabase } from '../support/database';

/**
 * A query with `select *`, which an older release or another program may use. A schema change invalidates its prepared
 * statement.
 */
const STAR = (key: string) => sql.raw('select * from secrets where name = ').append(sql`${key}`);

describe('a column that is added to a table with prepared statements', () => {
  let test: TestDatabase;
  let database: Database;
  beforeEach(async () => {
    test = await createTestDatabase();
    database = createDatabase(test.url, { max: 1 });
  });
  afterEach(async () => {
    await database.close();
    await test.drop();
  });

  const addColumn = async () => {
    const other = createDatabase(test.url, { max: 1 });
    await other.pool.query('alter table secrets add column added text');
    await other.close();
  };
  const backend = async () =>
    (await database.pool.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid;
  const failureOf = async (work: Promise<unknown>): Promise<unknown> => {
    try {
      await work;
      return undefined;
    } catch (error) {
      return error;
    }
  };

  it('causes an infrastructure error in one statement, and the connection is replaced', async () => {
    await database.db.execute(STAR('a'));
    const before = await backend();
    await addColumn();
    const error = await failureOf(database.db.execute(STAR('a')));
    expect(error).toBeDefined();
    expect(isDatabaseUnavailable(error)).toBe(true);
    await expect(database.db.execute(STAR('a'))).resolves.toMatchObject({ rows: [] });
    expect(await backend()).not.toBe(before);
  });

  it('causes an infrastructure error in a transaction, which succeeds when it is repeated', async () => {
    const transact = () => database.db.transaction((tx) => tx.execute(STAR('a')));
    await transact();
    const before = await backend();
    await addColumn();
    const error = await failureOf(transact());
    expect(isDatabaseUnavailable(error)).toBe(true);
    expect(String((error as { cause?: unknown }).cause)).toMatch(/cached plan/);
    await expect(transact()).resolves.toMatchObject({ rows: [] });
    expect(await backend()).not.toBe(before);
  });

  it('does not affect statements that name their columns', async () => {
    const named = () => database.db.execute(sql`select name, version from secrets where name = ${'a'}`);
    await named();
    const before = await backend();
    await addColumn();
    await expect(named()).resolves.toMatchObject({ rows: [] });
    expect(await backend()).toBe(before);
  });
});
