import { sql } from 'drizzle-orm';
import type { Executor } from '../../db/executor';

/**
 * Allows one transaction at a time to write dependencies, until it ends: whether they form a cycle depends on all of
 * them. Take it before the locks of systems, or two writers may wait for each other.
 */
export const lockEdges = (tx: Executor) =>
  tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('dependencies', 0))`);
