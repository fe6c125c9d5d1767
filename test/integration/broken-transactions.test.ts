import { sql } from 'drizzle-orm';
import { createDatabase } from '../../src/db/client';
import { useDatabase } from '../support/database';
import { startTcpProxy } from '../support/tcp-proxy';

describe('a transaction that cannot begin', () => {
  const database = useDatabase();

  it('releases its connection, so that others can begin and the pool can be closed', async () => {
    const url = new URL(String(database.pool.options.connectionString));
    const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
    url.port = String(proxy.port);
    // A statement fails if it is not answered within 3.1 s.
    const pool = createDatabase(url.href, { max: 1, statementTimeoutMs: 100 });
    const transact = () => pool.db.transaction((tx) => tx.execute(sql`select 1 as one`));
    await transact();
    proxy.cutSilently();
    await expect(transact()).rejects.toThrow('begin');
    await expect(transact()).resolves.toMatchObject({ rows: [{ one: 1 }] });
    await pool.close();
    await proxy.close();
  });
});
