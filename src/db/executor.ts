import type { NodePgQueryResultHKT } from 'drizzle-orm/node-postgres';
import type { PgDatabase } from 'drizzle-orm/pg-core';

/** A database or a transaction on it: statements take this, so that callers decide what is one transaction. */
export type Executor = PgDatabase<NodePgQueryResultHKT, Record<string, never>>;
