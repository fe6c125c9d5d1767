import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { ensureChangePartitions, emptyDefaultPartitions } from '../../src/db/day-partitions';
import { createDatabase, type Database } from '../../src/db/client';
import { migrate } from '../../src/db/migrate';
import { readMigrations } from '../../src/db/migration-files';
import { applyRetention } from '../../src/db/retention';
import { createLogger } from '../../src/log';
import { createTestDatabase, type TestDatabase } from '../support/database';

const DAY_MS = 86_400_000;
const RETENTION = {
  runsMs: DAY_MS,
  runsMinPerAutomation: 1,
  transitionsMs: DAY_MS,
  changesMs: 7 * DAY_MS,
  routingsMs: 3 * DAY_MS,
  notificationsMs: DAY_MS,
  incidentsMs: DAY_MS,
  versionsMinPerAutomation: 1,
  alertsMs: 30 * DAY_MS,
};
const log = createLogger({ level: 'silent', name: 'test' });

describe('a database with a reader that holds a lock on the change log', () => {
  let test: TestDatabase;
  let database: Database;
  let reader: pg.Client;
  beforeEach(async () => {
    test = await createTestDatabase();
    database = createDatabase(test.url, { max: 20 });
    reader = new pg.Client({ connectionString: test.url });
    await reader.connect();
  });
  afterEach(async () => {
    await reader.end();
    await database.close();
    await test.drop();
  });

  const query = async (text: string, values: unknown[] = []) => (await database.pool.query(text, values)).rows;
  const insert = (at = 'now()', client: pg.Client | pg.Pool = database.pool) =>
    client.query(
      `insert into changes (change_id, partition, kind, entity_id, actor, occurred_at, recorded_at, routed_at)
       values (gen_random_uuid(), 0, 'k', 'e', '{}', now(), ${at}, now())`,
    );
  /** Opens a snapshot that holds an `access share` lock, as `pg_dump` does. */
  const hold = async () => {
    await reader.query('begin isolation level repeatable read');
    await reader.query('lock table changes in access share mode');
  };
  /** Inserts rows while `work` is in progress. Rejects if an insert waits longer than a second for a lock. */
  const insertDuring = async (work: Promise<unknown>): Promise<void> => {
    const client = new pg.Client({ connectionString: test.url });
    await client.connect();
    try {
      await client.query(`set lock_timeout = '1s'`);
      let isWorking = true;
      const inserting = (async () => {
        while (isWorking) await insert('now()', client);
      })();
      await Promise.all([work.finally(() => (isWorking = false)), inserting]);
    } finally {
      await client.end();
    }
  };
  const addOldDay = async () => {
    await query(`create table changes_20200101 partition of changes for values from ('2020-01-01') to ('2020-01-02')`);
    await insert(`'2020-01-01 12:00Z'`);
  };
  const exists = async (name: string) => (await query('select to_regclass($1) as found', [name]))[0].found !== null;

  it('accepts events within a second during retention, and drops the day after the reader has committed', async () => {
    await addOldDay();
    await hold();
    await insertDuring(applyRetention(database, RETENTION, []));
    expect(await exists('changes_20200101')).toBe(true);
    await reader.query('commit');
    expect(await applyRetention(database, RETENTION, [])).toMatchObject({ changePartitions: 1 });
    expect(await exists('changes_20200101')).toBe(false);
  });

  it('drops a day that an earlier round of retention has only detached', async () => {
    await addOldDay();
    await query('alter table changes detach partition changes_20200101');
    expect(await applyRetention(database, RETENTION, [])).toMatchObject({ changePartitions: 1 });
    expect(await exists('changes_20200101')).toBe(false);
  });

  it('accepts events within a second while partitions for the coming days are created', async () => {
    await hold();
    await insertDuring(ensureChangePartitions(database, { daysAhead: 9 }));
    await reader.query('commit');
    const created = await ensureChangePartitions(database, { daysAhead: 9 });
    expect(await ensureChangePartitions(database, { daysAhead: 9 })).toEqual([]);
    expect(created.length).toBeGreaterThan(0);
    const [{ count }] = await query(
      `select count(*)::int from pg_index i join pg_class c on c.oid = i.indrelid where c.relname = $1`,
      [created[0]],
    );
    const [{ count: expected }] = await query(
      `select count(*)::int from pg_index where indrelid = 'changes'::regclass`,
    );
    expect(count).toBe(expected);
  });

  it('moves rows from the default partition to the partition of their day', async () => {
    await insert(`now() + interval '40 days'`);
    await insert(`now() + interval '40 days'`);
    await insert(`now() + interval '41 days'`);
    expect(await emptyDefaultPartitions(database)).toBe(3);
    expect(await query('select 1 from changes_default')).toEqual([]);
    expect(await query(`select 1 from changes where recorded_at > now() + interval '39 days'`)).toHaveLength(3);
    expect(await emptyDefaultPartitions(database)).toBe(0);
  });

  it('accepts events within a second while a migration waits for its lock in several attempts', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'fermata-migrations-'));
    try {
      for (const file of readMigrations())
        writeFileSync(join(directory, `${String(file.version).padStart(4, '0')}_${file.name}.sql`), file.sql);
      const next = String(readMigrations().length + 1).padStart(4, '0');
      writeFileSync(join(directory, `${next}_note.sql`), 'alter table changes add column note text;');
      await hold();
      const options = { log, directory, lockTimeoutMs: 300 };
      await expect(migrate(test.url, { ...options, attempts: 1 })).rejects.toThrow(/lock timeout/);
      const migrating = migrate(test.url, { ...options, attempts: 10 });
      const inserting = insertDuring(migrating);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await reader.query('commit');
      await inserting;
      expect((await migrating).applied.map(({ name }) => name)).toEqual(['note']);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('rebuilds an index that an earlier attempt left invalid, even if two migrations run at once', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'fermata-migrations-'));
    try {
      for (const file of readMigrations())
        writeFileSync(join(directory, `${String(file.version).padStart(4, '0')}_${file.name}.sql`), file.sql);
      const next = String(readMigrations().length + 1).padStart(4, '0');
      writeFileSync(
        join(directory, `${next}_index.sql`),
        '-- fermata: no transaction\ncreate index concurrently if not exists runs_depth on runs (depth);',
      );
      await query('create index runs_depth on runs (depth)');
      await query(`update pg_index set indisvalid = false where indexrelid = 'runs_depth'::regclass`);
      // The concurrent build of the index must not wait for the second migration, which waits for the first.
      await Promise.all([1, 2].map(() => migrate(test.url, { log, directory })));
      const [{ indisvalid }] = await query(`select indisvalid from pg_index where indexrelid = 'runs_depth'::regclass`);
      expect(indisvalid).toBe(true);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
