import type pg from 'pg';
import type { Database } from './client';
import { isLockTimeout, transactWithLockRetry, type LockRetry } from './lock-retry';

const LOCKS: LockRetry = { lockTimeoutMs: 200, attempts: 20, pauseMs: 500 };

/** The partitioned tables on whose partitions `buildPartitionIndexes` builds indexes. */
export const PARTITIONED: ReadonlySet<string> = new Set(['changes', 'routings', 'audit_log']);

interface Missing {
  /** Index of the partitioned table. */
  parent: string;
  /** Name of the partition's index. */
  name: string;
  partition: string;
  /** The part of the index definition that starts with `using`. */
  definition: string;
  /** Whether an earlier build failed and left an invalid index. */
  broken: boolean;
}

/**
 * Completes the indexes that a migration created only on the parent table (`on only`): builds them concurrently on each
 * partition, and attaches them. Writers never wait for a build. The connections must have no statement timeout. If the
 * lock to attach an index is not granted in time, the index stays unattached but is still used, and a later call
 * attaches it. Returns the names of the attached indexes.
 */
export async function buildPartitionIndexes(
  { pool }: Pick<Database, 'pool'>,
  onBuilt: (name: string) => void = () => undefined,
): Promise<string[]> {
  const { rows } = await pool.query<Missing>(
    `select i.relname as parent, c.relname as partition,
            c.relname || substr(i.relname, length(t.relname) + 1) as name,
            regexp_replace(pg_get_indexdef(i.oid), '^.*? USING ', 'using ') as definition,
            exists (select 1 from pg_class o join pg_index ox on ox.indexrelid = o.oid
                     where o.relname = c.relname || substr(i.relname, length(t.relname) + 1)
                       and o.relnamespace = t.relnamespace and not ox.indisvalid) as broken
       from pg_index x
       join pg_class i on i.oid = x.indexrelid
       join pg_class t on t.oid = x.indrelid
       join pg_inherits h on h.inhparent = t.oid
       join pg_class c on c.oid = h.inhrelid
      where t.relkind = 'p' and not x.indisvalid and t.relname = any($1)
        and not exists (select 1 from pg_inherits hi join pg_index xi on xi.indexrelid = hi.inhrelid
                         where hi.inhparent = i.oid and xi.indrelid = c.oid)
      order by i.relname, c.relname`,
    [[...PARTITIONED]],
  );
  const built: string[] = [];
  for (const { parent, name, partition, definition, broken } of rows) {
    if (broken) await pool.query(`drop index concurrently if exists "${name}"`);
    await pool.query(`create index concurrently if not exists "${name}" on "${partition}" ${definition}`);
    if (!(await attach(pool, parent, name))) continue;
    built.push(name);
    onBuilt(name);
  }
  return built;
}

/**
 * Attaches an index. This briefly locks the index of the partition and blocks its writers. Returns false when the lock
 * was not granted in time.
 */
async function attach(pool: pg.Pool, parent: string, name: string): Promise<boolean> {
  const client = await pool.connect();
  try {
    await transactWithLockRetry(client, LOCKS, (inside) =>
      inside.query(`alter index "${parent}" attach partition "${name}"`),
    );
    return true;
  } catch (error) {
    if (isLockTimeout(error)) return false;
    throw error;
  } finally {
    client.release();
  }
}
