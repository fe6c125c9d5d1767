import type pg from 'pg';
import { messageOf } from '../domain/errors';
import type { Logger } from '../log';
import { ensureChangePartitions } from './change-partitions';
import { createDatabase } from './client';
import { readMigrations, type MigrationFile } from './migration-files';
import { SchemaError } from './schema-version';

/** Key of the advisory lock that lets one migrator at a time work on a database: "fermata" in ASCII, cut to 6 bytes. */
const MIGRATION_LOCK = 0x6665726d6174;

/** What `migrate` did. */
export interface MigrationResult {
  applied: MigrationFile[];
  /** Schema version afterwards. */
  version: number;
}

/**
 * Applies what is missing of `drizzle/`, each file in a transaction of its own, and makes the day partitions of the
 * change log. Any number of processes may call it at once: one works, the others wait and find nothing to do.
 * @throws {SchemaError} when Postgres is older than 15 or an applied file was changed afterwards.
 */
export async function migrate(url: string, deps: { log: Logger; directory?: string }): Promise<MigrationResult> {
  const { log, directory } = deps;
  const files = readMigrations(directory);
  const database = createDatabase(url, { max: 2, applicationName: 'fermata migrate', statementTimeoutMs: 0 });
  try {
    const client = await database.pool.connect();
    try {
      await assertPostgresVersion(client);
      await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
      const applied = await applyMissing(client, files, log);
      await ensureChangePartitions(database, { daysAhead: 3 });
      return { applied, version: files.length };
    } finally {
      // The lock belongs to the session: closing the connection gives it back, also after an error.
      client.release(true);
    }
  } finally {
    await database.close();
  }
}

async function assertPostgresVersion(client: pg.PoolClient): Promise<void> {
  const { rows } = await client.query<{ number: number; text: string }>(
    `select current_setting('server_version_num')::int as number, current_setting('server_version') as text`,
  );
  const version = rows[0];
  if (version === undefined || version.number < 150_000) {
    throw new SchemaError(`Fermata needs Postgres 15 or newer; this server is ${version?.text ?? 'unknown'}.`);
  }
}

async function applyMissing(
  client: pg.PoolClient,
  files: readonly MigrationFile[],
  log: Logger,
): Promise<MigrationFile[]> {
  await client.query(
    `create table if not exists schema_migrations (
       version integer primary key,
       name text not null,
       sha256 text not null,
       applied_at timestamptz not null default now()
     )`,
  );
  const { rows } = await client.query<{ version: number; name: string; sha256: string }>(
    'select version, name, sha256 from schema_migrations order by version',
  );
  const done = new Map(rows.map((row) => [row.version, row]));
  for (const file of files) assertUnchanged(file, done.get(file.version));
  const newest = rows.at(-1)?.version ?? 0;
  if (newest > files.length) {
    log.warn(
      `the database is at schema version ${newest}, newer than this program's ${files.length}; nothing is done to it`,
    );
  }
  const missing = files.filter((file) => !done.has(file.version));
  for (const file of missing) {
    await applyOne(client, file);
    log.info(`applied migration ${label(file)}`);
  }
  return missing;
}

function assertUnchanged(file: MigrationFile, row: { name: string; sha256: string } | undefined): void {
  if (row === undefined || row.sha256 === file.sha256) return;
  throw new SchemaError(
    `Migration ${label(file)} was changed after it had been applied to this database (as "${row.name}"). ` +
      'Restore the file and write a new migration instead.',
  );
}

async function applyOne(client: pg.PoolClient, file: MigrationFile): Promise<void> {
  await client.query('begin');
  try {
    await client.query(file.sql);
    await client.query('insert into schema_migrations (version, name, sha256) values ($1, $2, $3)', [
      file.version,
      file.name,
      file.sha256,
    ]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw new SchemaError(`Migration ${label(file)} failed and was rolled back: ${messageOf(error)}`, { cause: error });
  }
}

const label = (file: MigrationFile) => `${String(file.version).padStart(4, '0')}_${file.name}`;
