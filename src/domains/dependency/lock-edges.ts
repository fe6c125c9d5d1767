import { sql } from 'drizzle-orm';
import type { Executor } from '../../db/executor';

/**
 * Takes a lock until the end of the transaction, so that only one transaction at a time writes dependencies. This is
 * necessary because whether dependencies form a cycle depends on all of them. Take this lock before the locks of
 * systems; otherwise two writers can deadlock.
 */
export const lockEdges = (tx: Executor) =>
  tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('dependencies', 0))`);
