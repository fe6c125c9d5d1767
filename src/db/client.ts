import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { createStatementNames } from './prepare-statements';

/** One pool and drizzle over it. */
export interface Database {
  pool: pg.Pool;
  db: NodePgDatabase;
  /** Waits for queries in flight, then ends all connections. May be called twice. */
  close(): Promise<void>;
}

/** Settings of a pool. */
export interface DatabaseOptions {
  /** Most connections at a time; default 10. */
  max?: number;
  /** Shown in `pg_stat_activity`. */
  applicationName?: string;
  /** Told of connections that broke; a broken one is replaced by the next query. */
  onError?: (error: Error) => void;
  /** Milliseconds after which Postgres ends a statement; default 30 s, 0 = never. */
  statementTimeoutMs?: number;
}

/**
 * Opens a pool; connects on first use. Waiting for a connection takes 5 s at most, so that a request learns early that
 * Postgres is away.
 */
export function createDatabase(url: string, options: DatabaseOptions = {}): Database {
  const { max = 10, applicationName = 'fermata', onError, statementTimeoutMs = 30_000 } = options;
  const pool = new pg.Pool({
    connectionString: url,
    max,
    application_name: applicationName,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    statement_timeout: statementTimeoutMs,
    // A transaction that its process forgot must not hold row locks that others wait for.
    idle_in_transaction_session_timeout: 60_000,
  });
  const report = (error: Error) => onError?.(error);
  pool.on('error', report);
  // Between two queries of a checked-out client the pool does not listen; without this a lost server ends the process.
  const nameStatements = createStatementNames();
  pool.on('connect', (client) => {
    client.on('error', report);
    nameStatements(client);
  });
  let closed: Promise<void> | undefined;
  return { pool, db: drizzle(pool), close: () => (closed ??= pool.end()) };
}
