import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureChangePartitions } from '../../../src/db/day-partitions';
import { createDatabase, type Database } from '../../../src/db/client';
import { migrate } from '../../../src/db/migrate';
import { readMigrations } from '../../../src/db/migration-files';
import { assertPluginSchemas } from '../../../src/db/plugin-migrations';
import { pluginMigrations } from '../../../src/integrations/plugin-migrations';
import { assertSchemaCurrent } from '../../../src/db/schema-version';
import { createLogger } from '../../../src/log';
import { until } from '../../support/until';
import { createTestDatabase, type TestDatabase } from '../../support/database';

const log = createLogger({ level: 'silent', name: 'test' });
let test: TestDatabase;
let database: Database;
let directory: string;

beforeEach(async () => {
  test = await createTestDatabase({ empty: true });
  database = createDatabase(test.url);
  directory = mkdtempSync(join(tmpdir(), 'fermata-migrations-'));
});
afterEach(async () => {
  await database.close();
  await test.drop();
  rmSync(directory, { recursive: true });
});

const partitions = async () => {
  const { rows } = await database.pool.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'changes'::regclass order by 1`,
  );
  return rows.map((row) => row.name);
};
const copyMigrations = () => {
  for (const file of readMigrations())
    writeFileSync(join(directory, `${String(file.version).padStart(4, '0')}_${file.name}.sql`), file.sql);
};

it('applies every migration once if several processes migrate concurrently', async () => {
  const results = await Promise.all([1, 2, 3, 4].map(() => migrate(test.url, { log })));
  const known = readMigrations().length;
  expect(results.map((result) => result.applied.length).sort()).toEqual([0, 0, 0, known]);
  expect(results.every((result) => result.version === known)).toBe(true);
});

it('creates each daily partition of the change log from yesterday on once', async () => {
  await migrate(test.url, { log });
  const names = await partitions();
  expect(names).toHaveLength(6);
  expect(names).toContain(`changes_${new Date().toISOString().slice(0, 10).replaceAll('-', '')}`);
  const made = await Promise.all([1, 2, 3].map(() => ensureChangePartitions(database, { daysAhead: 5 })));
  expect(made.flat()).toEqual([...new Set(made.flat())]);
  await until('both days have a partition', async () => {
    await ensureChangePartitions(database, { daysAhead: 5 });
    return (await partitions()).length === 8;
  });
});

it('skips a day whose partition another process is creating', async () => {
  await migrate(test.url, { log });
  const day = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
  // Every table has a type with its name. If another process has just created the table, Postgres finds the type first.
  await database.pool.query(`create domain changes_${day} as integer`);
  expect(await ensureChangePartitions(database, { daysAhead: 5 })).toHaveLength(1);
  await database.pool.query(`drop domain changes_${day}`);
  expect(await ensureChangePartitions(database, { daysAhead: 5 })).toEqual([`changes_${day}`]);
});

it('skips a day whose rows are already in the default partition', async () => {
  await migrate(test.url, { log });
  await database.pool.query(
    `insert into changes (change_id, partition, kind, entity_id, actor, occurred_at, recorded_at)
     values (gen_random_uuid(), 0, 'x', 'x', '{}', now(), now() + interval '5 days')`,
  );
  const made = await ensureChangePartitions(database, { daysAhead: 6 });
  expect(made).toHaveLength(2);
});

it('fails if an applied file was changed afterwards', async () => {
  copyMigrations();
  await migrate(test.url, { log, directory });
  writeFileSync(join(directory, '0001_spine.sql'), 'select 1;');
  await expect(migrate(test.url, { log, directory })).rejects.toThrow(
    /0001_spine was changed after it had been applied/,
  );
});

it('rolls back a failing migration and keeps earlier ones', async () => {
  copyMigrations();
  const next = String(readMigrations().length + 1).padStart(4, '0');
  writeFileSync(join(directory, `${next}_broken.sql`), 'create table half (id int); select nonsense;');
  await expect(migrate(test.url, { log, directory })).rejects.toThrow(
    /broken failed and was rolled back: column "nonsense"/,
  );
  const { rows } = await database.pool.query(
    `select to_regclass('half') as half, (select count(*)::int from schema_migrations) as done`,
  );
  expect(rows).toEqual([{ half: null, done: readMigrations().length }]);
});

it('refuses a missing or outdated schema, and names the command to run', async () => {
  await expect(assertSchemaCurrent(database)).rejects.toThrow(/no schema yet. Run "fermata migrate"/);
  await migrate(test.url, { log });
  await expect(assertSchemaCurrent(database)).resolves.toBeUndefined();
  await database.pool.query(
    'delete from schema_migrations; insert into schema_migrations (version, name, sha256) values (0, $$x$$, $$x$$)',
  );
  await expect(assertSchemaCurrent(database)).rejects.toThrow(/Run "fermata migrate" first/);
});

it('accepts a schema that a newer release has migrated', async () => {
  await migrate(test.url, { log });
  await database.pool.query(`insert into schema_migrations (version, name, sha256) values (9999, 'later', 'x')`);
  await expect(assertSchemaCurrent(database)).resolves.toBeUndefined();
  await expect(migrate(test.url, { log })).resolves.toMatchObject({ applied: [] });
});

it('opens a new connection after a connection was lost', async () => {
  const client = await database.pool.connect();
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  await database.pool.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
  await expect(client.query('select 1')).rejects.toThrow();
  client.release(true);
  await expect(database.pool.query('select 1')).resolves.toMatchObject({ rowCount: 1 });
});

describe('tables of a plugin', () => {
  const CALLS = { name: '0001_calls', sql: 'create table calls (id int primary key, caller text);' };
  const NOTE = { name: '0002_note', sql: 'alter table calls add column note text;' };
  const INDEX = {
    name: '0003_by_caller',
    sql: '-- fermata: no transaction\ncreate index concurrently if not exists calls_caller on calls (caller);',
  };
  const phones = (...migrations: { name: string; sql: string }[]) =>
    pluginMigrations([{ id: 'phone-book', migrations }]);
  const apply = (plugins: ReturnType<typeof phones>) => migrate(test.url, { log, plugins });

  it("are created in the plugin's own schema, once, and recorded", async () => {
    await apply(phones(CALLS));
    const results = await Promise.all([1, 2].map(() => apply(phones(CALLS, NOTE, INDEX))));
    expect(results.map(({ appliedOfPlugins }) => appliedOfPlugins.length).sort()).toEqual([0, 2]);
    const columns = await database.pool.query(`select id, caller, note from plugin_phone_book.calls`);
    expect(columns.rows).toEqual([]);
    const index = await database.pool.query(`select to_regclass('plugin_phone_book.calls_caller') as name`);
    expect(index.rows).toEqual([{ name: 'plugin_phone_book.calls_caller' }]);
    const { rows } = await database.pool.query('select plugin, version, name from plugin_migrations order by version');
    expect(rows).toEqual([
      { plugin: 'phone-book', version: 1, name: 'calls' },
      { plugin: 'phone-book', version: 2, name: 'note' },
      { plugin: 'phone-book', version: 3, name: 'by_caller' },
    ]);
    expect((await apply(phones(CALLS))).appliedOfPlugins).toEqual([]);
  });

  it('are refused if an applied file was edited', async () => {
    await apply(phones(CALLS, NOTE));
    await expect(apply(phones({ ...CALLS, sql: 'select 1;' }, NOTE))).rejects.toThrow(
      'Migration 0001_calls of the plugin "phone-book" was changed after it had been applied to this database (as "0001_calls")',
    );
  });

  it('are refused if a new file sorts before an applied one', async () => {
    await apply(phones(CALLS, NOTE));
    await database.pool.query('delete from plugin_migrations where version = 1');
    await expect(apply(phones(CALLS, NOTE))).rejects.toThrow(
      'Migration 0001_calls of the plugin "phone-book" is out of order: 0002_note was already applied to this database. Give it the number 3',
    );
    expect(() => phones(CALLS, INDEX)).toThrow(
      'The migrations of the plugin "phone-book" cannot be used: migrations/0003_by_caller.sql should have number 2',
    );
    expect(() => phones({ name: 'calls', sql: '' })).toThrow('must have a name such as 0001_what_it_does.sql');
  });

  it('are not created if one file breaks the rules; a file that fails is rolled back', async () => {
    const grabs = { name: '0002_grabs', sql: 'alter table public.runs add column phone text;' };
    await expect(apply(phones(CALLS, grabs))).rejects.toThrow(
      /Migration 0002_grabs of the plugin "phone-book" is refused: .*"public" is outside the plugin's schema/,
    );
    const refused = await database.pool.query(`select to_regclass('plugin_phone_book.calls') as calls`);
    expect(refused.rows).toEqual([{ calls: null }]);
    const fails = { name: '0002_fails', sql: 'create table half (id int); select nothing;' };
    await expect(apply(phones(CALLS, fails))).rejects.toThrow(
      /Migration 0002_fails of the plugin "phone-book" failed and was rolled back: column "nothing" does not exist/,
    );
    const { rows } = await database.pool.query(
      `select to_regclass('plugin_phone_book.calls') as calls, to_regclass('plugin_phone_book.half') as half`,
    );
    expect(rows).toEqual([{ calls: 'plugin_phone_book.calls', half: null }]);
  });

  it('are required at the start, and the error names the plugin', async () => {
    await migrate(test.url, { log });
    const behind = /"phone-book" needs its tables at version 2; this database has version \d. Run "fermata migrate"/;
    await expect(assertPluginSchemas(database, phones(CALLS, NOTE))).rejects.toThrow(behind);
    await apply(phones(CALLS));
    await expect(assertPluginSchemas(database, phones(CALLS, NOTE))).rejects.toThrow(behind);
    await apply(phones(CALLS, NOTE));
    await expect(assertPluginSchemas(database, phones(CALLS, NOTE))).resolves.toBeUndefined();
    await expect(assertPluginSchemas(database, phones(CALLS))).resolves.toBeUndefined();
  });
});
