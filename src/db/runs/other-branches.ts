import { sql, type SQL } from 'drizzle-orm';
import { loopOf } from '../../domain/run/lanes';

/**
 * Returns a condition, beginning with `and`, that excludes rows with a `path` in a sibling of one of these branches
 * (`branchesAround`).
 */
export function notInSiblings(branches: readonly string[]): SQL {
  const conditions = branches.map(
    (branch) =>
      sql`and (not starts_with(path, ${loopOf(branch)}) or path = ${branch} or starts_with(path, ${`${branch}.`}))`,
  );
  return sql.join(conditions, sql` `);
}
