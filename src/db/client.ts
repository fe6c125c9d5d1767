import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { createConnectionWatch } from './drop-broken-connections';
import { createStatementNames } from './prepare-statements';

/** Milliseconds that the client waits for a response after Postgres' own statement timeout has passed. */
const ANSWER_MS = 3_000;

/** A connection pool, and the drizzle instance that uses it. */
export interface Database {
  pool: pg.Pool;
  db: NodePgDatabase;
  /** Waits for queries in flight, then closes all connections. May be called more than once. */
  close(): Promise<void>;
  /**
   * Closes idle connections at once, and busy connections that do not answer within 8 s. Call it when another
   * connection to this server has been cut silently.
   */
  suspectConnections(): void;
}

/** Settings of a pool. */
export interface DatabaseOptions {
  /** Maximum number of connections (default 10). A connection that is idle for 30 s is closed. */
  max?: number;
  /** Shown in `pg_stat_activity`. */
  applicationName?: string;
  /** Called with the error of a connection that broke. The next query opens a new connection. */
  onError?: (error: Error) => void;
  /**
   * Milliseconds after which Postgres ends a statement; default 15,000, 0 = never. If no answer arrives within another
   * three seconds, the server or the network has failed silently, and the client drops the connection.
   */
  statementTimeoutMs?: number;
}

/**
 * Opens a pool, which connects on first use. A query waits at most 5 s for a connection, so that requests fail early
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
    // A process that is suspended inside a transaction keeps its locks. Another worker that routes the same changes waits
    // for them, and all other changes of that worker wait as well.
    idle_in_transaction_session_timeout: 10_000,
  });
  const report = (error: Error) => onError?.(error);
  pool.on('error', report);
  const nameStatements = createStatementNames();
  const connections = createConnectionWatch((reason) => report(new Error(`Dropped a database connection: ${reason}`)));
  pool.on('connect', (client) => {
    // The pool does not listen for errors of a client that is checked out and between two queries. Without this
    // handler, losing the server would end the process.
    client.on('error', report);
    nameStatements(client);
    connections.watch(client);
  });
  pool.on('acquire', connections.acquired);
  pool.on('release', (_error, client) => connections.released(client));
  pool.on('remove', connections.removed);
  let closed: Promise<void> | undefined;
  return {
    ...{ pool, db: withTransactions(pool), suspectConnections: connections.suspect },
    close: () => (closed ??= pool.end()),
  };
}

/**
 * Returns the drizzle instance of a pool, with a `transaction` that always releases its connection. That of drizzle
 * 0.45 keeps the connection forever if `begin` fails, and so the pool has one connection less.
 */
function withTransactions(pool: pg.Pool): NodePgDatabase {
  const db = drizzle(pool);
  const instances = new WeakMap<pg.PoolClient, NodePgDatabase>();
  db.transaction = async (work, config) => {
    const client = await pool.connect();
    const instance = instances.get(client) ?? drizzle(client);
    instances.set(client, instance);
    let hasBegun = false;
    try {
      return await instance.transaction((tx) => {
        hasBegun = true;
        return work(tx);
      }, config);
    } finally {
      // A connection on which `begin` fails is broken, even if it does not report so yet.
      client.release(!hasBegun);
    }
  };
  return db;
}
