import { sql } from 'drizzle-orm';
import type { DecidingPart } from '../domain/conditions/deciding-part';
import type { Executor } from './executor';
import { unpackRefusals } from './packed-refusals';

/** The outcome of a change for one candidate. */
export interface CandidateRow {
  automationId: string;
  automationName: string;
  triggerId: string;
  version: number;
  outcome: string;
  detail: string | null;
  /** The part that was false. */
  deciding: DecidingPart | null;
  /** The parts that were true, if the candidate started a run; null = not recorded. */
  held: DecidingPart[] | null;
  /** The parts of config and filter that were true when the change armed a dwell; null = no dwell, or not recorded. */
  heldWhenArmed: DecidingPart[] | null;
  runId: string | null;
  dwell: { armedAt: string; firesAt: string } | null;
  counted: { count: number; needed: number } | null;
}

/** A wait that was checked against a change. */
export interface WaitRow {
  runId: string;
  path: string;
  woken: boolean;
}

/**
 * Excludes rows from before an instant, so that older partitions are not read. The margin of one minute allows for
 * clock differences.
 */
const notBefore = (since: Date) => sql`at >= ${since.toISOString()}::timestamptz - interval '1 minute'`;

/** A decision about a candidate, as it is stored. */
interface Decision extends Omit<CandidateRow, 'deciding' | 'held' | 'heldWhenArmed'> {
  deciding: DecidingPart | readonly DecidingPart[] | null;
}

interface Row extends Decision, Record<string, unknown> {
  kind: 'candidate' | 'wait';
  path: string | null;
}

/**
 * Returns the routing records of a change. Each candidate has one entry: its last decision, together with the dwell
 * that an earlier decision armed, the parts that were true then, and the count of its window. `recordedAt` is when the
 * change was written. No routing record of the change is older.
 */
export async function routingsOfChange(
  db: Executor,
  changeId: string,
  recordedAt: Date,
): Promise<{ candidates: CandidateRow[]; waits: WaitRow[] }> {
  const found = await db.execute<Row>(sql`
    select kind, automation_id as "automationId", automation_name as "automationName", trigger_id as "triggerId", version,
      outcome, detail, deciding, run_id as "runId", dwell, counted, path
    from routings
    where change_id = ${changeId} and kind in ('candidate', 'wait')
      and ${notBefore(recordedAt)}
    order by at`);
  const candidates = new Map<string, CandidateRow>();
  const waits = new Map<string, WaitRow>();
  for (const refusal of await refusalsOf(db, changeId)) candidates.set(nameOf(refusal), refusal);
  for (const { kind, path, ...decision } of found.rows) {
    if (kind === 'wait') {
      const wait = { runId: decision.runId ?? '', path: path ?? '', woken: decision.outcome === 'woken' };
      waits.set(`${wait.runId} ${wait.path}`, wait);
      continue;
    }
    const own = toCandidate(decision);
    const before = candidates.get(nameOf(own));
    candidates.set(nameOf(own), {
      ...own,
      dwell: own.dwell ?? before?.dwell ?? null,
      counted: own.counted ?? before?.counted ?? null,
      heldWhenArmed: own.heldWhenArmed ?? before?.heldWhenArmed ?? null,
    });
  }
  return { candidates: [...candidates.values()], waits: [...waits.values()] };
}

const nameOf = ({ automationId, triggerId }: CandidateRow): string => `${automationId} ${triggerId}`;

/** Returns the candidates of a change that was marked as routed without any other effect (`markWithRoutings`). */
async function refusalsOf(db: Executor, changeId: string): Promise<CandidateRow[]> {
  const found = await db.execute<{ change_ids: string[]; refused: string }>(sql`
    select change_ids, refused from routings
    where kind = 'refused' and at = (select routed_at from changes where change_id = ${changeId})
      and ${changeId} = any(change_ids)`);
  return found.rows.flatMap(({ change_ids: changeIds, refused }) =>
    unpackRefusals({ changeIds, refused }, changeId).map(({ detail, deciding, dwell, counted, ...refusal }) =>
      toCandidate({
        ...refusal,
        detail: detail ?? null,
        deciding: deciding ?? null,
        runId: null,
        dwell: (dwell ?? null) as CandidateRow['dwell'],
        counted: counted ?? null,
      }),
    ),
  );
}

/** Interprets what `deciding` stores for an outcome: a single part was false; the parts in a list were true. */
function toCandidate({ deciding, ...decision }: Decision): CandidateRow {
  const held = isList(deciding) ? [...deciding] : null;
  const isArmed = decision.outcome === 'dwell_armed';
  return {
    ...decision,
    deciding: isList(deciding) ? null : deciding,
    held: isArmed ? null : held,
    heldWhenArmed: isArmed ? held : null,
  };
}

const isList = (deciding: DecidingPart | readonly DecidingPart[] | null): deciding is readonly DecidingPart[] =>
  Array.isArray(deciding);

/**
 * Limits of a search for effects. With `newest`, the newest are returned in descending order. By default, the oldest
 * are returned in ascending order.
 */
export interface EffectsPage {
  since: Date;
  limit: number;
  newest?: boolean;
}

const inOrder = ({ newest = false, limit }: EffectsPage) =>
  sql`order by at ${sql.raw(newest ? 'desc' : 'asc')} limit ${limit}`;

/** Returns the changes that the given runs have caused since an instant, together with the run for each change. */
export async function changesCausedBy(
  db: Executor,
  runIds: readonly string[],
  page: EffectsPage,
): Promise<{ runId: string; changeId: string }[]> {
  if (runIds.length === 0) return [];
  const found = await db.execute<{ run_id: string; change_id: string }>(sql`
    select run_id, change_id from routings
    where kind = 'caused' and run_id = any(${`{${runIds.join(',')}}`}::uuid[]) and ${notBefore(page.since)}
    ${inOrder(page)}`);
  return found.rows.map((row) => ({ runId: row.run_id, changeId: row.change_id }));
}

/** Returns whether the routings of a change that was routed at `routedAt` are still within their retention period. */
export async function areRoutingsKept(db: Executor, routedAt: Date, retentionMs: number): Promise<boolean> {
  const found = await db.execute<{ kept: boolean }>(sql`
    select ${routedAt.toISOString()}::timestamptz > clock_timestamp() - make_interval(secs => ${retentionMs / 1_000}) as kept`);
  return found.rows[0]?.kept ?? false;
}

/** Returns the runs that the given changes have started since an instant, together with the change for each run. */
export async function runsStartedBy(
  db: Executor,
  changeIds: readonly string[],
  page: EffectsPage,
): Promise<{ changeId: string; runId: string }[]> {
  if (changeIds.length === 0) return [];
  const found = await db.execute<{ run_id: string; change_id: string }>(sql`
    select run_id, change_id from routings
    where kind = 'candidate' and outcome = 'started' and change_id = any(${`{${changeIds.join(',')}}`}::uuid[])
      and ${notBefore(page.since)}
    ${inOrder(page)}`);
  return found.rows.map((row) => ({ runId: row.run_id, changeId: row.change_id }));
}
