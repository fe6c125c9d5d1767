import { sql } from 'drizzle-orm';
import type { DecidingPart } from '../domain/conditions/deciding-part';
import type { Executor } from './executor';
import type { ChangeFence } from './mark-routed';

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
  dwell?: Record<string, unknown>;
  counted?: { count: number; needed: number };
  /** Path of the waiting step. */
  path?: string;
}

/** Maximum length of a stored detail, in characters. */
const DETAIL_LIMIT = 500;

const COLUMNS =
  sql.raw(`change_id, kind, automation_id, automation_name, trigger_id, version, outcome, detail, deciding,
      run_id, dwell, counted, path`);
const SHAPE = sql.raw(`ord int, seq bigint, change_id uuid, kind text, automation_id uuid, automation_name text,
      trigger_id text, version int, outcome text, detail text, deciding jsonb, run_id uuid, dwell jsonb, counted jsonb,
      path text`);

/** Inserts rows in the caller's transaction, in one statement. */
export async function insertRoutings(tx: Executor, routings: readonly NewRouting[]): Promise<void> {
  if (routings.length === 0) return;
  const records = recordsOf(routings.map((routing) => ({ routing, seq: null })));
  await tx.execute(sql`
    insert into routings (${COLUMNS}) select ${COLUMNS} from jsonb_to_recordset(${records}::jsonb) as r(${SHAPE}) order by ord`);
}

/**
 * Marks changes as routed and inserts their rows into `routings`, in one statement. Use it for changes without any
 * other effect. Returns the positions of the marked changes. Rows of changes that were not marked are not inserted.
 */
export async function markWithRoutings(
  db: Executor,
  workerId: string,
  changes: readonly { fence: ChangeFence; routings: readonly NewRouting[] }[],
): Promise<Set<number>> {
  if (changes.length === 0) return new Set();
  const fences = JSON.stringify(changes.map(({ fence }) => fence));
  const records = recordsOf(
    changes.flatMap(({ fence, routings }) => routings.map((routing) => ({ routing, seq: fence.seq }))),
  );
  const result = await db.execute<{ seq: string }>(sql`
    with marked as (
      update changes c set routed_at = clock_timestamp()
      from jsonb_to_recordset(${fences}::jsonb) as f(seq bigint, partition smallint, epoch bigint)
      join partition_leases l on l.partition = f.partition and l.epoch = f.epoch and l.owner = ${workerId}
      where c.seq = f.seq and c.partition = f.partition and c.routed_at is null
      returning c.seq),
    noted as (
      insert into routings (${COLUMNS}) select ${COLUMNS} from jsonb_to_recordset(${records}::jsonb) as r(${SHAPE})
      join marked using (seq) order by ord)
    select seq from marked`);
  return new Set(result.rows.map((row) => Number(row.seq)));
}

function recordsOf(rows: readonly { routing: NewRouting; seq: number | null }[]): string {
  const records = rows.map(({ routing, seq }, ord) => ({
    ...{ ord, seq, change_id: routing.changeId, kind: routing.kind, automation_id: routing.automationId },
    ...{ automation_name: routing.automationName, trigger_id: routing.triggerId, version: routing.version },
    ...{ outcome: routing.outcome, detail: routing.detail?.slice(0, DETAIL_LIMIT), deciding: routing.deciding },
    ...{ run_id: routing.runId, dwell: routing.dwell, counted: routing.counted, path: routing.path },
  }));
  const text = JSON.stringify(records);
  // Details quote payloads, which may contain text that Postgres cannot store. Such text must not prevent routing.
  return UNSTORABLE.test(text) ? JSON.stringify(records, withoutUnstorable) : text;
}

const withoutUnstorable = (_key: string, value: unknown): unknown =>
  typeof value === 'string' ? value.replaceAll('\u0000', '').toWellFormed() : value;

/** Matches the JSON escapes of NUL and of lone surrogates, and also text that merely spells such an escape. */
const UNSTORABLE = /\\u(?:0000|d[89a-f])/;
