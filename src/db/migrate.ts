import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Logger } from '../log';
import { ensureAuditMonths } from './audit';
import { buildPartitionIndexes } from './partition-indexes';
import { ensureChangePartitions, ensureRoutingPartitions } from './day-partitions';
import { createDatabase } from './client';
import { applyMigration, type MigrateOptions } from './apply-migration';
import { migrationLabel, readMigrations, type MigrationFile } from './migration-files';
import { migratePlugins, type PluginMigrations } from './plugin-migrations';
import { SchemaError } from './schema-version';

/**
 * Key of the advisory lock that allows only one migrator at a time on a database: "fermata" in ASCII, truncated to 6
 * bytes.
 */
const MIGRATION_LOCK = 0x6665726d6174;

/** Maximum wait in milliseconds for one table lock. Every statement on the table queues behind this wait. */
const LOCK_TIMEOUT_MS = 500;
/** Number of attempts, which take about twelve minutes in total. A backup or a report may hold a lock for minutes. */
const LOCK_ATTEMPTS = 200;
const LOCK_POLL_MS = 200;

/** Result of `migrate`. */
export interface MigrationResult {
  applied: MigrationFile[];
  /** Plugin files that were applied, in the order of application. */
  appliedOfPlugins: (MigrationFile & { plugin: string })[];
  /** Schema version of this program. */
  version: number;
}

/**
 * Applies the missing files of `drizzle/`, each in its own transaction unless it is marked as non-transactional. Also
 * creates missing partitions (`changes`, `routings`, `audit_log`), and the indexes that partitions lack. No statement
 * of a transactional file waits longer than `lockTimeoutMs` (default 500) for a table lock; a file that does not get a
 * lock in time is tried up to `attempts` times (default 200), with a pause of 3 s. Any number of processes may call
 * this at once: one of them migrates, and the others wait and then find nothing to do. Then applies the files of
 * `plugins` under the same lock and with the same timeouts (`migratePlugins`).
 * @throws {SchemaError} when Postgres is older than 15, an applied file was changed afterwards, or a file failed
 */
export async function migrate(
  url: string,
  deps: { log: Logger; directory?: string; plugins?: readonly PluginMigrations[] } & Partial<MigrateOptions>,
): Promise<MigrationResult> {
  const { log, directory, plugins = [], lockTimeoutMs = LOCK_TIMEOUT_MS, attempts = LOCK_ATTEMPTS } = deps;
  const files = readMigrations(directory);
  const database = createDatabase(url, { max: 2, applicationName: 'fermata migrate', statementTimeoutMs: 0 });
  try {
    const client = await database.pool.connect();
    try {
      await assertPostgresVersion(client);
      await lockMigrations(client);
      const applied = await applyMissing(client, files, { log, lockTimeoutMs, attempts });
      await ensureChangePartitions(database, { daysAhead: 3 });
      await ensureRoutingPartitions(database, { daysAhead: 3 });
      await buildPartitionIndexes(database, (name) => log.info({ index: name }, 'index built'));
      await ensureAuditMonths(database.db);
      const appliedOfPlugins = await migratePlugins(client, plugins, { log, lockTimeoutMs, attempts });
      return { applied, appliedOfPlugins, version: files.length };
    } finally {
      // The lock belongs to the session: closing the connection releases it, also after an error.
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

/**
 * Takes the migration lock for the session. It polls instead of waiting inside Postgres, because a waiting statement
 * holds a snapshot, and the `create index concurrently` of the active migrator would wait for that snapshot forever.
 */
async function lockMigrations(client: pg.PoolClient): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [
      MIGRATION_LOCK,
    ]);
    if (rows[0]?.locked === true) return;
    await sleep(LOCK_POLL_MS);
  }
}

async function applyMissing(
  client: pg.PoolClient,
  files: readonly MigrationFile[],
  options: MigrateOptions,
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
    options.log.warn(
      `the database is at schema version ${newest}, newer than this program's ${files.length}; no migration is applied`,
    );
  }
  const missing = files.filter((file) => !done.has(file.version));
  for (const file of missing) {
    await applyMigration(client, file, options);
    options.log.info(`applied migration ${migrationLabel(file)}`);
  }
  return missing;
}

function assertUnchanged(file: MigrationFile, row: { name: string; sha256: string } | undefined): void {
  if (row === undefined || row.sha256 === file.sha256) return;
  throw new SchemaError(
    `Migration ${migrationLabel(file)} was changed after it had been applied to this database (as "${row.name}"). ` +
      'Restore the file and write a new migration instead.',
  );
}
