import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createDatabase, type Database } from '../../src/db/client';
import { migrate } from '../../src/db/migrate';
import { createLogger } from '../../src/log';
import { projectRoot } from '../../src/project-root';
import { createTestDatabase, type TestDatabase } from '../support/database';

const log = createLogger({ level: 'silent', name: 'test' });
let own: TestDatabase;
let database: Database;
const query = async <T = Record<string, unknown>>(text: string, values: unknown[] = []) =>
  (await database.pool.query(text, values)).rows as T[];
const insert = (at: string) =>
  query(
    `insert into audit_log (at, actor, action, outcome) values (${at}, '{"type":"user","id":"x"}', 'a', 'success')`,
  );
const monthOf = (at: string) =>
  query<{ month: string }>(
    `select tableoid::regclass::text as month from audit_log where at = (select max(at) from audit_log where at <= ${at})`,
  );

describe('the audit log of an installation that predates monthly partitions', () => {
  beforeAll(async () => {
    own = await createTestDatabase({ empty: true });
    database = createDatabase(own.url);
    const before = mkdtempSync(join(tmpdir(), 'migrations-'));
    const all = join(projectRoot(), 'drizzle');
    const first = readdirSync(all).find((file) => file.includes('audit_index')) ?? '';
    for (const file of readdirSync(all))
      if (file < first) cpSync(join(all, file), join(before, file), { recursive: true });
    await migrate(own.url, { log, directory: before });
    rmSync(before, { recursive: true });
    for (const at of ["'2024-02-03'", "'2025-02-03'", 'now()']) await insert(at);
  });
  afterAll(async () => {
    await database.close();
    await own.drop();
  });

  it('keeps its rows and ids, and continues the sequence of ids', async () => {
    const before = await query('select * from audit_log order by id');
    await migrate(own.url, { log });
    expect(await query('select * from audit_log order by id')).toEqual(before);
    await insert('now()');
    const rows = await query<{ id: string }>('select id from audit_log order by id');
    expect(rows.map(({ id }) => Number(id))).toEqual([1, 2, 3, 4]);
  });

  it('has every index in every month, whether created before or later', async () => {
    await query('select audit_log_ensure_months(5)');
    const parts = `select indexrelid from pg_index where indrelid in
      (select inhrelid from pg_inherits where inhparent = 'audit_log'::regclass)`;
    const months = (await query(`select inhrelid from pg_inherits where inhparent = 'audit_log'::regclass`)).length;
    const indexes = await query<{ name: string; valid: boolean; attached: number }>(
      `select indexrelid::regclass::text as name, indisvalid as valid,
         (select count(*)::int from pg_inherits where inhparent = indexrelid and inhrelid in (${parts})) as attached
         from pg_index where indrelid = 'audit_log'::regclass order by 1`,
    );
    expect(indexes).toEqual(
      ['action', 'actor', 'at', 'id', 'outcome'].map((of) => ({
        name: `audit_log_${of}`,
        valid: true,
        attached: months,
      })),
    );
    expect(months).toBeGreaterThan(4);
  });

  it('accepts rows of any time, before and after the existing partitions', async () => {
    await insert(`'1999-01-01'`);
    await insert(`now() + interval '2 months'`);
    await insert(`now() + interval '9 months'`);
    expect(await monthOf(`'1999-01-02'`)).toEqual([{ month: 'audit_log_before' }]);
    expect((await monthOf(`now() + interval '3 months'`))[0]?.month).toMatch(/^audit_log_\d{6}$/);
    expect(await monthOf(`now() + interval '10 months'`)).toEqual([{ month: 'audit_log_default' }]);
  });
});

describe('the audit log', () => {
  const role = `service_${process.pid}`;
  let service: pg.Client;
  beforeAll(async () => {
    own = await createTestDatabase();
    database = createDatabase(own.url);
    await query(`create role ${role} login password 'service'`);
    await query(`grant select, insert on audit_log to ${role}`);
    await query(`grant usage on sequence audit_log_ids to ${role}`);
    const url = new URL(own.url);
    url.username = role;
    url.password = 'service';
    service = new pg.Client({ connectionString: url.href });
    await service.connect();
  });
  afterAll(async () => {
    await service.end();
    await query(`drop owned by ${role}`);
    await query(`drop role ${role}`);
    await database.close();
    await own.drop();
  });

  it('cannot be changed by its owner, not even in a monthly partition', async () => {
    await insert('now()');
    for (const table of ['audit_log', 'audit_log_before', 'audit_log_default']) {
      for (const change of [`update ${table} set outcome = 'x'`, `delete from ${table}`, `truncate ${table}`]) {
        await expect(query(change)).rejects.toThrow('append-only');
      }
    }
    const [month] = await query<{ name: string }>(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit_log'::regclass
        and inhrelid::regclass::text ~ '^audit_log_[0-9]{6}$' limit 1`,
    );
    await expect(query(`delete from ${month?.name ?? ''}`)).rejects.toThrow('append-only');
  });

  it('can only be read and appended to by the role of the service', async () => {
    await service.query(
      `insert into audit_log (at, actor, action, outcome) values (now(), '{"type":"user","id":"x"}', 'a', 'success')`,
    );
    expect((await service.query('select * from audit_log')).rowCount).toBeGreaterThan(0);
    for (const attempt of [
      'delete from audit_log',
      'delete from audit_log_before',
      `update audit_log set outcome = 'x'`,
      'truncate audit_log',
      'drop table audit_log_before',
      'alter table audit_log disable trigger all',
      'alter table audit_log detach partition audit_log_before',
      'create or replace function refuse_audit_change() returns trigger language plpgsql as $$ begin return old; end $$',
      `select audit_log_drop_before(now() - interval '2 years')`,
    ]) {
      await expect(service.query(attempt)).rejects.toThrow(/permission denied|must be owner/);
    }
  });

  it('is deleted only in whole months, by the owner of the database, and the deletion is logged', async () => {
    // Ends `audit_log_before` on 1 February 2020, as if the log had been partitioned in January.
    await query('alter table audit_log detach partition audit_log_before');
    await query('alter table audit_log_before disable trigger all');
    await query('delete from audit_log_before');
    await query('alter table audit_log_before enable trigger all');
    await query(`alter table audit_log attach partition audit_log_before for values from (minvalue) to ('2020-02-01')`);
    await insert(`'2020-01-15'`);
    const count = async () => Number((await query<{ n: string }>('select count(*) as n from audit_log'))[0]?.n);
    const before = await count();
    await expect(query(`select audit_log_drop_before(now())`)).rejects.toThrow('28 days');
    expect(await query(`select audit_log_drop_before('2020-01-31') as months`)).toEqual([{ months: [] }]);
    expect(await query(`select audit_log_drop_before('2020-02-01') as months`)).toEqual([
      { months: ['audit_log_before'] },
    ]);
    expect(await count()).toBe(before);
    expect(await query(`select action, detail->'months' as months from audit_log order by id desc limit 1`)).toEqual([
      { action: 'audit.drop', months: ['audit_log_before'] },
    ]);
  });
});
