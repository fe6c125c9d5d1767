import type { Pool } from 'pg';
import type { DatabaseClock } from '../../db/database-clock';

/** Connection options that make Postgres find the time functions of `CLOCK_SQL` before its own. */
export const CLOCK_OPTIONS = '-c search_path=public,pg_catalog';

/**
 * Creates replacements for the time functions of Postgres. The replacements read a row that the test updates. They must
 * exist before the tables are created.
 */
export const CLOCK_SQL = `
  create table public.virtual_clock (at timestamptz not null);
  insert into public.virtual_clock values ('2000-01-01T00:00:00Z');
  create function public.clock_timestamp() returns timestamptz volatile language sql
    as 'select at from public.virtual_clock';
  create function public.now() returns timestamptz stable language sql as 'select at from public.virtual_clock';`;

/** A clock that a process shares with its database. Only the test advances it. */
export interface VirtualClock extends DatabaseClock {
  moveTo(at: Date): Promise<void>;
}

export function createVirtualClock(pool: Pool): VirtualClock {
  let now = new Date(0);
  return {
    now: () => new Date(now),
    skewMs: () => 0,
    stop: () => undefined,
    async moveTo(at) {
      // Update the database first. No code runs until this has finished, and code that runs later sees both clocks
      // updated.
      await pool.query('update public.virtual_clock set at = $1', [at.toISOString()]);
      now = at;
    },
  };
}
