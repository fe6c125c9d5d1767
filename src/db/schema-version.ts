import type { Database } from './client';
import { readMigrations } from './migration-files';

/** The schema does not match this program, or Postgres is too old. The message explains what to do. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
}

/**
 * Checks the schema of a database. A newer schema is accepted, because migrations keep the previous release working
 * while processes are replaced one by one.
 * @throws {SchemaError} when the schema is older than that of this program
 */
export async function assertSchemaCurrent(database: Pick<Database, 'pool'>): Promise<void> {
  const wanted = readMigrations().length;
  const found = await schemaVersion(database);
  if (found >= wanted) return;
  throw new SchemaError(
    found === 0
      ? 'The database has no schema yet. Run "fermata migrate" first.'
      : `The database is at schema version ${found}, this program needs ${wanted}. Run "fermata migrate" first.`,
  );
}

/** Returns the highest number of an applied migration; 0 for an empty database. */
async function schemaVersion({ pool }: Pick<Database, 'pool'>): Promise<number> {
  const known = await pool.query<{ known: boolean }>(`select to_regclass('schema_migrations') is not null as known`);
  if (known.rows[0]?.known !== true) return 0;
  const { rows } = await pool.query<{ version: number }>(
    'select coalesce(max(version), 0)::int as version from schema_migrations',
  );
  return rows[0]?.version ?? 0;
}
