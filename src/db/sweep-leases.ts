import { sql, type SQL } from 'drizzle-orm';
import { hasElapsed } from './elapsed';
import type { Executor } from './executor';

/** Seconds without a renewal after which another worker may take a lease. */
const LEASE_SECONDS = 5;

/** One kind of periodic work. */
export interface SweepKind {
  name: string;
  /** SQL condition: this kind has work to do. */
  due: SQL;
  /** Whether every worker does this kind of work, without a lease. */
  isShared: boolean;
}

/**
 * Takes or renews the leases of the kinds that no other worker holds, and returns which of the caller's kinds have work
 * to do. Uses one statement for all kinds. The conditions of kinds that other workers hold are not evaluated. Shared
 * kinds need no lease.
 */
export async function takeDue(db: Executor, workerId: string, kinds: readonly SweepKind[]): Promise<string[]> {
  if (kinds.length === 0) return [];
  const names = JSON.stringify(kinds.flatMap(({ name, isShared }) => (isShared ? [] : [name])));
  const isDue = kinds.map(({ name, due, isShared }) =>
    isShared ? due : sql`case when exists (select 1 from held where name = ${name}) then ${due} else false end`,
  );
  const result = await db.execute<{ due: boolean[] }>(sql`
    with held as materialized (
      insert into sweep_leases (name, owner, expires_at)
      select n, ${workerId}::uuid, clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})
      from jsonb_array_elements_text(${names}::jsonb) n
      on conflict (name) do update set owner = excluded.owner, expires_at = excluded.expires_at
      where sweep_leases.owner = excluded.owner or ${hasElapsed(sql`sweep_leases.expires_at`)}
      returning name)
    select array[${sql.join(isDue, sql`, `)}] as due`);
  const due = result.rows[0]?.due ?? [];
  return kinds.filter((_, index) => due[index] === true).map(({ name }) => name);
}

/** Releases the caller's leases, so that other workers need not wait for them to expire. */
export async function releaseSweeps(db: Executor, workerId: string): Promise<void> {
  await db.execute(sql`delete from sweep_leases where owner = ${workerId}`);
}
