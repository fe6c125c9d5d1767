import { sql } from 'drizzle-orm';
import type { Executor } from '../../db/executor';

/**
 * Takes a lock until the end of the transaction, so that only one transaction at a time writes dependencies. Whether a
 * dependency closes a cycle depends on all other dependencies, so concurrent writers could create a cycle. Take this
 * lock before the locks of systems; otherwise two writers can deadlock.
 */
export const lockEdges = (tx: Executor) =>
  tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('dependencies', 0))`);
