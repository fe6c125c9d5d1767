import type pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../domain/errors';
import type { Logger } from '../log';
import { isLockTimeout, transactWithLockRetry } from './lock-retry';
import { migrationLabel, type MigrationFile } from './migration-files';
import { isNonTransactional, splitStatements } from './migration-statements';
import { SchemaError } from './schema-version';

/** How a migration waits for table locks. */
export interface MigrateOptions {
  log: Logger;
  /** Maximum wait in milliseconds for one table lock. */
  lockTimeoutMs: number;
  /** Number of attempts for one file before `migrate` fails. */
  attempts: number;
}

const PAUSE_MS = 3_000;
const RECORD = 'insert into schema_migrations (version, name, sha256) values ($1, $2, $3)';

/** Where a file creates its tables, and how its application is recorded. */
export interface MigrationPlace {
  /** File name for use in messages. */
  label: string;
  /** Schema for unqualified names in the file. Default: the schema of the connection. */
  schema?: string;
  /** Inserts the row that marks the file as applied. */
  record(client: pg.PoolClient): Promise<unknown>;
}

const ours = (file: MigrationFile): MigrationPlace => ({
  label: `Migration ${migrationLabel(file)}`,
  record: (client) => client.query(RECORD, [file.version, file.name, file.sha256]),
});

/**
 * Applies one file and records it. A transactional file is rolled back as a whole and retried when a lock is not
 * granted in time. Every statement of a non-transactional file must be safe to repeat.
 * @throws {SchemaError} with the cause when a statement fails, or when every attempt times out waiting for a lock
 */
export async function applyMigration(
  client: pg.PoolClient,
  file: MigrationFile,
  { log, lockTimeoutMs, attempts }: MigrateOptions,
  place: MigrationPlace = ours(file),
): Promise<void> {
  const onRetry = (attempt: number): void =>
    log.warn({ attempt, lockTimeoutMs }, `${place.label} waits for a table lock; trying again`);
  const alone = isNonTransactional(file.sql);
  try {
    if (alone) {
      await inSchema(client, place, 'set', async () => {
        for (const statement of splitStatements(file.sql)) await runAlone(client, statement, { attempts, onRetry });
      });
      await place.record(client);
      return;
    }
    await transactWithLockRetry(client, { lockTimeoutMs, attempts, pauseMs: PAUSE_MS, onRetry }, async () => {
      await inSchema(client, place, 'set local', () => client.query(file.sql));
      await place.record(client);
    });
  } catch (error) {
    // Statements that ran outside a transaction are not rolled back. Each of them is repeatable.
    const how = alone ? 'failed' : 'failed and was rolled back';
    throw new SchemaError(`${place.label} ${how}: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * Runs `work` with the schema of the place as the search path. With `set local`, the rollback of a failed transaction
 * also resets the path.
 */
async function inSchema(
  client: pg.PoolClient,
  { schema }: MigrationPlace,
  set: 'set' | 'set local',
  work: () => Promise<unknown>,
): Promise<void> {
  if (schema === undefined) return void (await work());
  await client.query(`${set} search_path to "${schema}"`);
  await work();
  await client.query(`${set} search_path to default`);
}

const CONCURRENT_INDEX = /^\s*create\s+(?:unique\s+)?index\s+concurrently\s+if\s+not\s+exists\s+"?(\w+)"?/i;

/**
 * Runs a statement outside a transaction. `create index concurrently` takes no lock that readers or writers wait for,
 * so it may wait indefinitely for old transactions. An invalid index from an interrupted attempt is dropped first,
 * because `if not exists` would accept it.
 */
async function runAlone(
  client: pg.PoolClient,
  statement: string,
  { attempts, onRetry }: { attempts: number; onRetry: (attempt: number) => void },
): Promise<void> {
  const index = CONCURRENT_INDEX.exec(statement)?.[1];
  await client.query('set lock_timeout = 0');
  if (index !== undefined) {
    const { rows } = await client.query(
      'select 1 from pg_index where indexrelid = to_regclass($1) and not indisvalid',
      [index],
    );
    if (rows.length > 0) await client.query(`drop index concurrently if exists "${index}"`);
  }
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.query(statement);
      return;
    } catch (error) {
      if (!isLockTimeout(error) || attempt >= attempts) throw error;
    }
    onRetry(attempt);
    await sleep(PAUSE_MS);
  }
}
