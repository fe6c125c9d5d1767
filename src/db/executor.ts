import type { NodePgQueryResultHKT } from 'drizzle-orm/node-postgres';
import type { PgDatabase } from 'drizzle-orm/pg-core';

/**
 * A database or a transaction. Functions that execute statements take an `Executor`, so that their callers decide where
 * transactions begin and end.
 */
export type Executor = PgDatabase<NodePgQueryResultHKT, Record<string, never>>;
