import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { createConnectionWatch } from './drop-broken-connections';
import { createStatementNames } from './prepare-statements';

/** Milliseconds after Postgres' own timeout at which the client stops waiting for an answer. */
const ANSWER_MS = 3_000;

/** A pool, and drizzle on top of it. */
export interface Database {
  pool: pg.Pool;
  db: NodePgDatabase;
  /** Waits for queries in flight, then ends all connections. May be called twice. */
  close(): Promise<void>;
  /**
   * Closes idle connections, and those in use that stay silent. Call it when another connection to this server was cut
   * silently.
   */
  suspectConnections(): void;
}

/** Settings of a pool. */
export interface DatabaseOptions {
  /** Maximum number of connections; default 10. A connection that is idle for 30 s is closed. */
  max?: number;
  /** Shown in `pg_stat_activity`. */
  applicationName?: string;
  /** Receives the error of a connection that broke; the next query opens another one. */
  onError?: (error: Error) => void;
  /**
   * Milliseconds after which Postgres ends a statement; default 15,000, 0 = never. Three seconds later the client also
   * gives up and drops the connection, since the server or the network has then failed silently.
   */
  statementTimeoutMs?: number;
}

/**
 * Opens a pool, which connects on first use. Waiting for a connection takes at most 5 s, so that a request fails early
 * while Postgres is unreachable.
 */
export function createDatabase(url: string, options: DatabaseOptions = {}): Database {
  const { max = 10, applicationName = 'fermata', onError, statementTimeoutMs = 15_000 } = options;
  const pool = new pg.Pool({
    connectionString: url,
    max,
    application_name: applicationName,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    statement_timeout: statementTimeoutMs,
    ...(statementTimeoutMs > 0 && { query_timeout: statementTimeoutMs + ANSWER_MS }),
    // A transaction that its process abandoned must not keep row locks that others wait for.
    idle_in_transaction_session_timeout: 60_000,
  });
  const report = (error: Error) => onError?.(error);
  pool.on('error', report);
  // Between two queries, the pool does not listen for errors of a checked-out client; without this handler, a lost
  // server ends the process.
  const nameStatements = createStatementNames();
  const connections = createConnectionWatch((reason) => report(new Error(`Dropped a database connection: ${reason}`)));
  pool.on('connect', (client) => {
    client.on('error', report);
    nameStatements(client);
    connections.watch(client);
  });
  pool.on('acquire', connections.acquired);
  pool.on('release', (_error, client) => connections.released(client));
  pool.on('remove', connections.removed);
  let closed: Promise<void> | undefined;
  return {
    ...{ pool, db: drizzle(pool), suspectConnections: connections.suspect },
    close: () => (closed ??= pool.end()),
  };
}
