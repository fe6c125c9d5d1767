import { sql, type SQL } from 'drizzle-orm';
import type { DecidingPart } from '../domain/conditions/deciding-part';
import type { Executor } from './executor';
import { markStatement, type ChangeFence } from './mark-routed';
import { packRefusals, type Refused } from './packed-refusals';
import { storableJson } from './storable-json';

/** The outcome of a change for a candidate or a wait, or the run that caused the change. */
export interface NewRouting {
  changeId: string;
  kind: 'candidate' | 'wait' | 'caused';
  automationId?: string;
  automationName?: string;
  triggerId?: string;
  version?: number;
  outcome: string;
  detail?: string;
  /** The part that was false; for a started run or an armed dwell, the parts that were true. */
  deciding?: DecidingPart | readonly DecidingPart[] | undefined;
  /** The run that was started, the run that waits, or the run that caused the change, depending on the kind of row. */
  runId?: string;
  dwell?: Record<string, unknown> | undefined;
  counted?: { count: number; needed: number } | undefined;
  /** Path of the waiting step. */
  path?: string;
}

/** Maximum number of characters in a stored detail. */
const DETAIL_LIMIT = 500;

const COLUMNS =
  sql.raw(`change_id, kind, automation_id, automation_name, trigger_id, version, outcome, detail, deciding,
      run_id, dwell, counted, path`);
const SHAPE = sql.raw(`seq bigint, change_id uuid, kind text, automation_id uuid, automation_name text,
      trigger_id text, version int, outcome text, detail text, deciding jsonb, run_id uuid, dwell jsonb, counted jsonb,
      path text`);

/** Inserts rows in the caller's transaction, in one statement. */
export async function insertRoutings(tx: Executor, routings: readonly NewRouting[]): Promise<void> {
  if (routings.length === 0) return;
  const records = storableJson(routings.map((routing) => recordOf(routing)));
  await tx.execute(sql`
    insert into routings (${COLUMNS}) select ${COLUMNS} from jsonb_to_recordset(${records}::jsonb) as r(${SHAPE})`);
}

/**
 * Marks changes as routed and records their outcomes, in one statement. It is for changes that had no effect other than
 * the refusal of all their candidates. Returns the positions of the marked changes. Nothing is recorded for changes
 * that were not marked.
 *
 * Refusals are packed into rows of the kind `refused` whose `at` equals the `routed_at` of the changes. A look-up finds
 * them by this instant, so it never finds the refusals of changes that this statement did not mark.
 */
export async function markWithRoutings(
  db: Executor,
  workerId: string,
  changes: readonly { fence: ChangeFence; routings: readonly NewRouting[] }[],
): Promise<Set<number>> {
  if (changes.length === 0) return new Set();
  const fences = changes.map(({ fence }) => fence);
  const refusals = changes.map(({ routings }) => routings.filter(isRefusal).map(withShortDetail));
  const others = changes.flatMap(({ fence, routings }) =>
    routings.filter((routing) => !isRefusal(routing)).map((routing) => recordOf(routing, fence.seq)),
  );
  const result = await db.execute<{ seq: string }>(sql`
    with marked as (${markStatement(workerId, fences)})
    ${packed(refusals)} ${noted(others)}
    select seq from marked`);
  return new Set(result.rows.map((row) => Number(row.seq)));
}

/** Returns whether a row is a refusal. A look-up by run finds the other rows, so they are not packed. */
const isRefusal = (routing: NewRouting): routing is NewRouting & Refused =>
  routing.kind === 'candidate' && routing.runId === undefined;

function packed(refusals: readonly (readonly Refused[])[]): SQL | undefined {
  const packs = packRefusals(refusals);
  if (packs.length === 0) return undefined;
  const records = JSON.stringify(packs.map(({ changeIds, refused }) => ({ change_ids: changeIds, refused })));
  return sql`, packed as (
      insert into routings (at, change_id, kind, outcome, change_ids, refused)
      select statement_timestamp(), change_ids[1], 'refused', 'refused', change_ids, refused
      from jsonb_to_recordset(${records}::jsonb) as p(change_ids uuid[], refused text)
      where exists (select 1 from marked))`;
}

function noted(records: readonly object[]): SQL | undefined {
  if (records.length === 0) return undefined;
  return sql`, noted as (
      insert into routings (${COLUMNS}) select ${COLUMNS}
      from jsonb_to_recordset(${storableJson(records)}::jsonb) as r(${SHAPE}) join marked using (seq))`;
}

const withShortDetail = (refusal: Refused): Refused =>
  refusal.detail !== undefined && refusal.detail.length > DETAIL_LIMIT
    ? { ...refusal, detail: refusal.detail.slice(0, DETAIL_LIMIT) }
    : refusal;

/**
 * Converts a routing to the record that the statement reads. `seq` is the position of the change if the row requires
 * that the change is marked.
 */
const recordOf = (routing: NewRouting, seq?: number) => ({
  seq,
  change_id: routing.changeId,
  kind: routing.kind,
  automation_id: routing.automationId,
  automation_name: routing.automationName,
  trigger_id: routing.triggerId,
  version: routing.version,
  outcome: routing.outcome,
  detail: routing.detail?.slice(0, DETAIL_LIMIT),
  deciding: routing.deciding,
  run_id: routing.runId,
  dwell: routing.dwell,
  counted: routing.counted,
  path: routing.path,
});
