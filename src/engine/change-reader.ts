import { sql, type SQL } from 'drizzle-orm';
import { changeOf, type ChangeRow } from '../db/change-row';
import type { Executor } from '../db/executor';
import { createPositionTracker } from '../db/position-tracker';
import type { Change } from '../domain/entities/change';
import { createBacklog, type BacklogEntry } from './backlog';

/** A change that has not been routed yet. */
export interface UnroutedChange {
  change: Change;
  partition: number;
  /** Number of attempts to route the change that have failed. */
  attempts: number;
  /** Time of the next attempt if an attempt has failed. Later changes of the same entity wait until then. */
  nextAttemptAt: Date | null;
  /** Whether its entity has dwells that the change may end. */
  hasDwells: boolean;
  /** Whether the change was set aside in the dead-letter list and an operator has retried it. */
  isRetried: boolean;
  /** Age of the change in seconds when it was read, by the database's clock. */
  lagSeconds: number;
}

interface Row extends ChangeRow {
  partition: number;
  attempts: number;
  next_attempt_at: string | null;
  lag: number;
  has_dwells: boolean;
  is_retried: boolean;
}

/** Returns the key of the entity that a change belongs to. Changes with the same key are routed in order. */
export const entityKey = (change: { kind: string; id: string }): string => `${change.kind}\u0000${change.id}`;

/** Columns of a change `c`. The lag is its age by the database's clock. */
const COLUMNS = sql.raw(`c.seq, c.change_id, c.partition, c.kind, c.entity_id, c.event, c.payload, c.prev, c.next,
  c.delta, c.changed_fields, c.actor, c.caused_by, c.depth, c.occurred_at, c.attempts, c.next_attempt_at,
  coalesce(c.error ? 'retriedAt', false) as is_retried,
  extract(epoch from clock_timestamp() - c.recorded_at)::float8 as lag,
  exists (select 1 from dwells w where w.kind = c.kind and w.entity_id = c.entity_id and w.status <> 'idle') as has_dwells`);

/** Columns of a `BacklogEntry`. The class is a hash of the fields by which triggers usually select changes. */
const ENTRY_COLUMNS = sql.raw(`c.seq, c.recorded_at::text as recorded_at, c.kind, c.entity_id, hashtextextended(
  concat_ws(' ', c.kind, c.event, coalesce(c.payload ->> 'type', c.payload ->> 'hook', c.next ->> 'name')), 0)::text as class`);

/** Maximum number of changes that one read adds to the end of the backlog. */
const SCAN = 5_000;
/** Maximum number of changes that one read compares with the backlog. */
const COMPARE = 1_000;

/** Limits of a reader during a backlog. */
export interface BacklogLimits {
  /** Maximum number of changes in memory. */
  maxBacklog: number;
  /** Milliseconds after which the backlog is compared with the log, because an operator may retry an old change. */
  compareAfterMs: number;
}

const LIMITS: BacklogLimits = { maxBacklog: 100_000, compareAfterMs: 30_000 };

export interface ReadOptions {
  /** Entities whose changes are not read, by `entityKey`. */
  resting: ReadonlyMap<string, { kind: string; id: string }>;
  limit: number;
}

export interface ReadChanges {
  /** In the order in which they must be routed. */
  changes: UnroutedChange[];
  /**
   * The revision of the definitions. An index at this revision or a later one contains every automation that was saved
   * before any of the changes was accepted.
   */
  revision: number;
  /** Whether any wait is armed. */
  anyWaits: boolean;
  /** Whether there may be more changes that can be routed now. */
  isFull: boolean;
}

/** Reads the unrouted changes of one worker. */
export interface ChangeReader {
  /**
   * Reads changes of the partitions that this worker holds. The keys of `held` are the partitions, the values the
   * epochs of their leases.
   */
  read(held: ReadonlyMap<number, number>, options: ReadOptions): Promise<ReadChanges>;
}

/**
 * Creates the reader of a worker. It reads the oldest changes. After a read that returned as many changes as allowed,
 * there is a backlog: then it keeps the positions of all unrouted changes in memory, by default at most 100,000 of them,
 * and chooses from these until none is left. Classes of changes (by kind, event, and type, hook or alert name) take turns,
 * and so do the entities within a class (see `backlog.ts`). Changes of one entity keep their order in both cases.
 */
export function createChangeReader(db: Executor, limits: BacklogLimits = LIMITS): ChangeReader {
  let backlog: BacklogReader | undefined;
  return {
    async read(held, options) {
      const partitions = [...held.keys()].join(',');
      // A worker that has lost a lease and taken it again must not choose from changes that another worker has routed.
      const leases = JSON.stringify([...held].toSorted(([a], [b]) => a - b));
      if (backlog?.leases !== leases) backlog = undefined;
      if (backlog === undefined) {
        const read = await readOldest(db, partitions, options);
        if (read.isFull) backlog = createBacklogReader(db, { leases, partitions }, limits);
        return read;
      }
      const read = await backlog.read(options);
      if (!read.isFull) backlog = undefined;
      return read;
    },
  };
}

/** Condition for a change `c` that has not been routed yet. */
const isUnrouted = (partitions: string): SQL =>
  sql`c.routed_at is null and c.partition = any(${`{${partitions}}`}::smallint[])`;

/** Reads the oldest unrouted changes. */
async function readOldest(db: Executor, partitions: string, { resting, limit }: ReadOptions): Promise<ReadChanges> {
  const rested = JSON.stringify([...resting.values()].map(({ kind, id }) => ({ kind, id })));
  const except =
    resting.size === 0
      ? sql``
      : sql`and not exists (select 1 from jsonb_to_recordset(${rested}::jsonb) as r(kind text, id text)
          where r.kind = c.kind and r.id = c.entity_id)`;
  const read = await readRows(
    db,
    sql`lateral (select ${COLUMNS} from changes c where ${isUnrouted(partitions)} ${except}
      order by c.seq limit ${limit}) c on true order by c.seq`,
  );
  return { ...read, isFull: read.changes.length === limit };
}

/**
 * Reads the changes that `from` joins to the revision `d`. The revision and whether any wait is armed are from the same
 * snapshot as the changes.
 */
async function readRows(db: Executor, from: SQL): Promise<Omit<ReadChanges, 'isFull'>> {
  const result = await db.execute<Row & { revision: string; any_waits: boolean }>(sql`
    select d.revision, exists (select 1 from waits) as any_waits,
      c.seq, c.change_id, c.partition, c.kind, c.entity_id, c.event, c.payload, c.prev, c.next, c.delta, c.changed_fields,
      c.actor, c.caused_by, c.depth, c.occurred_at, c.attempts, c.next_attempt_at, c.is_retried, c.lag, c.has_dwells
    from definition_revision d left join ${from}`);
  return {
    changes: result.rows.filter((row) => row.seq !== null).map(toUnrouted),
    revision: Number(result.rows[0]?.revision ?? 0),
    anyWaits: result.rows[0]?.any_waits ?? false,
  };
}

/** Reads changes during a backlog, while the worker holds the given leases. */
interface BacklogReader {
  leases: string;
  read(options: ReadOptions): Promise<ReadChanges>;
}

function createBacklogReader(
  db: Executor,
  { leases, partitions }: { leases: string; partitions: string },
  { maxBacklog, compareAfterMs }: BacklogLimits,
): BacklogReader {
  const backlog = createBacklog();
  const tracker = createPositionTracker(db);
  /** The changes that the previous read returned. Those that could not be routed are added again. */
  let previous: readonly BacklogEntry[] = [];
  /** Unrouted changes up to this position are in the backlog, except those that were committed since. */
  let scanned = 0;
  /** Changes up to this position have been compared with the backlog. Undefined while none are compared. */
  let compared: number | undefined;
  let compareAt = performance.now() + compareAfterMs;

  /** Adds changes that are not in the backlog. Returns whether there may be more such changes. */
  const refill = async (): Promise<boolean> => {
    if (compared === undefined && performance.now() >= compareAt) compared = 0;
    const limit = Math.min(SCAN, Math.max(0, maxBacklog - backlog.size()));
    const position = await tracker.read();
    const after = Math.min(scanned, position.from);
    const old = compared === undefined ? undefined : { after: compared, until: scanned };
    const read = await readEntries(db, partitions, { again: previous, after, limit, old });
    for (const entries of [read.again, read.found, read.old]) backlog.add(entries);
    if (read.old.length === COMPARE) compared = read.old.at(-1)?.seq;
    else if (old !== undefined) [compared, compareAt] = [undefined, performance.now() + compareAfterMs];
    const { found } = read;
    const isMore = found.length === limit;
    scanned = isMore ? (found.at(-1)?.seq ?? after) : position.last;
    position.commit();
    return isMore;
  };

  return {
    leases,
    async read(options) {
      const { resting, limit } = options;
      const isMore = await refill();
      previous = backlog.take(limit, (entity) => resting.has(entity));
      // If changes of resting entities fill the backlog, the others are found by reading the oldest changes.
      if (previous.length === 0 && backlog.size() >= maxBacklog) return readOldest(db, partitions, options);
      const read = await readEach(db, previous);
      return { ...read, isFull: previous.length === limit || isMore };
    },
  };
}

/** Reads the given changes in the given order, except those that have been routed. */
const readEach = (db: Executor, entries: readonly BacklogEntry[]): Promise<Omit<ReadChanges, 'isFull'>> =>
  readRows(
    db,
    // The offset keeps the planner from joining all unrouted changes, whose number it underestimates.
    sql`(${recordsOf(entries)} cross join lateral (select ${COLUMNS} from changes c
      where c.seq = t.seq and c.recorded_at = t.recorded_at and c.routed_at is null offset 0) c) on true order by t.turn`,
  );

interface EntriesToRead {
  again: readonly BacklogEntry[];
  after: number;
  limit: number;
  /** Positions of the changes to compare with the backlog. */
  old: { after: number; until: number } | undefined;
}

/**
 * Reads the entries of at most `limit` unrouted changes after a position (`found`), of those changes in `again` that
 * have not been routed, and of at most `COMPARE` unrouted changes between two positions (`old`).
 */
async function readEntries(
  db: Executor,
  partitions: string,
  { again, after, limit, old }: EntriesToRead,
): Promise<Record<'again' | 'found' | 'old', BacklogEntry[]>> {
  const ofOld =
    old &&
    sql`union all (
      select 'old', ${ENTRY_COLUMNS} from changes c where ${isUnrouted(partitions)} and c.seq > ${old.after}
        and c.seq <= ${old.until} order by c.seq limit ${COMPARE})`;
  const result = await db.execute<EntryRow>(sql`
    select 'again' as part, c.seq, c.recorded_at, c.kind, c.entity_id, c.class from ${recordsOf(again)} cross join lateral (select ${ENTRY_COLUMNS} from changes c
      where c.seq = t.seq and c.recorded_at = t.recorded_at and c.routed_at is null offset 0) c
    union all (
      select 'found', ${ENTRY_COLUMNS} from changes c where ${isUnrouted(partitions)} and c.seq > ${after}
      order by c.seq limit ${limit}) ${ofOld ?? sql``}`);
  const read: Record<EntryRow['part'], BacklogEntry[]> = { again: [], found: [], old: [] };
  for (const row of result.rows) read[row.part].push(entryOf(row));
  return read;
}

/** Returns a table expression `t` with the position, time and order of each entry. */
const recordsOf = (entries: readonly BacklogEntry[]): SQL => {
  const records = entries.map(({ seq, recordedAt }, turn) => ({ seq, recorded_at: recordedAt, turn }));
  return sql`jsonb_to_recordset(${JSON.stringify(records)}::jsonb) as t(seq bigint, recorded_at timestamptz, turn integer)`;
};

interface EntryRow extends Record<string, unknown> {
  part: 'again' | 'found' | 'old';
  seq: string;
  recorded_at: string;
  kind: string;
  entity_id: string;
  class: string;
}

const entryOf = (row: EntryRow): BacklogEntry => ({
  seq: Number(row.seq),
  recordedAt: row.recorded_at,
  entity: entityKey({ kind: row.kind, id: row.entity_id }),
  class: row.class,
});

function toUnrouted(row: Row): UnroutedChange {
  return {
    change: changeOf(row),
    partition: row.partition,
    attempts: row.attempts,
    hasDwells: row.has_dwells,
    isRetried: row.is_retried,
    lagSeconds: row.lag,
    nextAttemptAt: row.next_attempt_at === null ? null : new Date(row.next_attempt_at),
  };
}
