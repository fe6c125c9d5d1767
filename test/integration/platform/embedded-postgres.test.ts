import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../../src/dev/embedded';

// mkdtemp creates a directory that only the current account can enter. As root, Postgres runs under another account,
// and must be able to use the directory anyway.
let home: string;
let postgres: EmbeddedPostgres | undefined;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'fermata-embedded-'));
});
afterEach(async () => {
  await postgres?.stop();
  rmSync(home, { recursive: true, force: true });
});

const start = async () => (postgres = await startEmbeddedPostgres({ dataDir: join(home, 'postgres') }));

async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}

it('keeps its data and port when it is stopped and started', async () => {
  const first = await start();
  await query(first.url(), 'create table kept as select 1 as n');
  await first.stop();
  const second = await start();
  expect(second.port).toBe(first.port);
  expect(await query(second.url(), 'select n from kept')).toEqual([{ n: 1 }]);
});

it('recovers committed data after a kill -9', async () => {
  const first = await start();
  await query(first.url(), 'create table kept as select 1 as n');
  await first.process.stop('SIGKILL', 1_000);
  const second = await start();
  expect(await query(second.url(), 'select n from kept')).toEqual([{ n: 1 }]);
});

it('stops a server that still runs on the data directory, and takes over the directory', async () => {
  const orphan = await start();
  const second = await start();
  expect(orphan.process.running).toBe(false);
  expect(await query(second.url(), 'select 1 as n')).toEqual([{ n: 1 }]);
});

it('starts even if postmaster.pid names a process other than Postgres', async () => {
  await (await start()).stop();
  writeFileSync(join(home, 'postgres', 'postmaster.pid'), `${process.pid}\n`);
  expect(await query((await start()).url(), 'select 1 as n')).toEqual([{ n: 1 }]);
});

it('protects its password and files from other users, requires the password, and syncs to disk', async () => {
  const { url } = await start();
  expect(statSync(join(home, 'postgres')).mode & 0o077).toBe(0);
  expect(statSync(join(home, 'postgres.password')).mode & 0o077).toBe(0);
  expect(await query(url(), 'show fsync')).toEqual([{ fsync: 'on' }]);
  const wrong = new URL(url());
  wrong.password = 'wrong';
  await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/);
});
