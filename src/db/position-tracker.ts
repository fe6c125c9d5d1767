import { sql } from 'drizzle-orm';
import type { Executor } from './executor';

/**
 * Number of positions that other transactions may take while one transaction stays open. Beyond this number, the
 * tracker stops waiting for the transaction, to limit the memory of followers.
 */
const MAX_BEHIND = 100_000;

/** A snapshot of the position sequence. Rows must be read after the snapshot, in another statement. */
export interface PositionSnapshot {
  /** Rows that were committed since the previous snapshot have higher positions than this. */
  from: number;
  /** Every row that will ever exist up to this position is visible now. */
  settled: number;
  /** Highest position taken so far. */
  last: number;
  /**
   * Set when the tracker has stopped waiting for a transaction: rows with positions above `after` and up to `until` may
   * still appear, but no snapshot will cover them.
   */
  lost: { after: number; until: number } | undefined;
  /** Makes this snapshot the previous one. Call it once its rows have been processed. */
  commit(): void;
}

/**
 * Follows the sequence that numbers changes, runs and steps. A transaction takes a position before it commits, so rows
 * become visible out of order. A transaction that has taken a position holds ROW EXCLUSIVE on the sequence until it
 * ends; those locks show which positions are still open.
 */
export interface PositionTracker {
  read(): Promise<PositionSnapshot>;
}

/** Creates the tracker of one follower. In its first snapshot, `from` equals `settled`. */
export function createPositionTracker(db: Executor): PositionTracker {
  /** The open transactions, each with a position below all positions that it has taken. */
  let open: ReadonlyMap<string, number> | undefined;
  let abandoned: ReadonlySet<string> = new Set();
  let previous = 0;

  return {
    async read() {
      const { last, writers } = await readWriters(db);
      const floor =
        open === undefined && writers.length > 0
          ? Math.max(await positionBeforeWriters(db), last - MAX_BEHIND)
          : previous;
      const now = new Map<string, number>();
      const stillAbandoned = new Set<string>();
      let lost: PositionSnapshot['lost'];
      for (const writer of writers) {
        const since = open?.get(writer) ?? floor;
        if (abandoned.has(writer)) stillAbandoned.add(writer);
        else if (last - since <= MAX_BEHIND) now.set(writer, since);
        else {
          stillAbandoned.add(writer);
          lost = { after: Math.min(since, lost?.after ?? since), until: last };
        }
      }
      const settled = Math.min(last, ...now.values());
      const ended = [...(open ?? [])].filter(([writer]) => !now.has(writer)).map(([, since]) => since);
      const from = open === undefined ? settled : Math.min(previous, ...ended);
      const commit = () => {
        open = now;
        abandoned = stillAbandoned;
        previous = last;
      };
      return { from, settled, last, lost, commit };
    },
  };
}

/** Returns the newest position, and the open transactions that have taken a position. The position is read first. */
async function readWriters(db: Executor): Promise<{ last: number; writers: string[] }> {
  const found = await db.execute<{ last: string; writers: string[] | null }>(sql`
    with newest as materialized (select case when is_called then last_value else 0 end as last from change_seq)
    select last, writers from newest cross join lateral (
      select array_agg(distinct virtualtransaction) as writers from pg_locks
       where locktype = 'relation' and mode = 'RowExclusiveLock' and granted and newest.last is not null
         and relation = 'change_seq'::regclass
         and database = (select oid from pg_database where datname = current_database())) locks`);
  const row = found.rows[0];
  return { last: Number(row?.last ?? 0), writers: row?.writers ?? [] };
}

/** Returns a position that was taken before the oldest open transaction began, or 0 when none is known. */
async function positionBeforeWriters(db: Executor): Promise<number> {
  const found = await db.execute<{ seq: string }>(sql`
    select seq from changes where recorded_at < (
      select coalesce(min(a.xact_start), now() - interval '1 minute')
        from pg_locks l join pg_stat_activity a on a.pid = l.pid
       where l.locktype = 'relation' and l.relation = 'change_seq'::regclass and l.mode = 'RowExclusiveLock'
         and a.datname = current_database())
     order by recorded_at desc limit 1`);
  return Number(found.rows[0]?.seq ?? 0);
}
