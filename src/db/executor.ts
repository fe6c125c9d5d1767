import type { NodePgQueryResultHKT } from 'drizzle-orm/node-postgres';
import type { PgDatabase } from 'drizzle-orm/pg-core';

/**
 * A database or a transaction on it. Functions with statements take this, so that callers decide the bounds of
 * transactions.
 */
export type Executor = PgDatabase<NodePgQueryResultHKT, Record<string, never>>;
