import { sql } from 'drizzle-orm';
import { keptContextKey } from '../db/evaluation-queries';
import type { Executor } from '../db/executor';
import type { Clock } from '../domain/clock';

/** Why a candidate did not become a run. */
export type Outcome =
  | 'config'
  | 'silenced'
  | 'filter'
  | 'window'
  | 'dwell_armed'
  | 'dwell_held'
  | 'dwell_cancelled'
  | 'condition'
  | 'already_running'
  | 'max_runs'
  | 'disabled'
  | 'error';

export interface EvaluationRecord {
  automationId: string;
  triggerId: string | null;
  changeId: string | null;
  /** Context key that the run would have had; null = none, or unknown. */
  contextKey: string | null;
  outcome: Outcome;
  detail: string;
}

/**
 * Outcomes whose detail is a progress count. Consecutive refusals with one of these outcomes are stored in one row,
 * which contains the newest detail.
 */
const COUNTED: ReadonlySet<Outcome> = new Set(['window']);
/** Maximum length of a stored reason, in characters. */
const DETAIL_LIMIT = 500;
const FLUSH_MS = 500;

interface Entry extends EvaluationRecord {
  /** Position of the latest repetition in the order of all recorded reasons. */
  ord: number;
  count: number;
  firstAt: Date;
  lastAt: Date;
}

export interface EvaluationLog {
  record(record: EvaluationRecord): void;
  /** Writes the buffered reasons. Called automatically every half second while reasons are buffered. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Creates the log. It buffers reasons and writes them in batches. A crash may lose the last half second of reasons, but
 * never a run. Consecutive reasons for one automation and context key are merged into one row with a count if they have
 * the same trigger, outcome and detail. The row takes the position of the latest reason.
 */
export function createEvaluationLog(deps: {
  db: Executor;
  clock: Clock;
  /** Number of rows that are kept for each automation. */
  keep: number;
  onError: (error: unknown) => void;
}): EvaluationLog {
  const { db, clock, keep, onError } = deps;
  let entries: Entry[] = [];
  /** Newest entry by automation and context key. */
  const newest = new Map<string, Entry>();
  let records = 0;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  const write = async (): Promise<void> => {
    if (entries.length === 0) return;
    // The buffer is emptied before the write, so that reasons that are recorded during the write go into the next
    // batch. A batch that cannot be written is dropped and reported, so that memory stays bounded while Postgres is
    // unreachable.
    const batch = entries;
    entries = [];
    newest.clear();
    try {
      await writeEntries(db, batch, keep);
    } catch (error) {
      onError(error);
    }
  };
  // Writes are sequential: two concurrent writes could add to the same row and lose one of the counts.
  const flush = () => (writing = writing.then(write));
  return {
    record(record) {
      const detail = record.detail.replaceAll('\u0000', '').slice(0, DETAIL_LIMIT).toWellFormed();
      const key = JSON.stringify([record.automationId, record.contextKey]);
      const last = newest.get(key);
      const now = clock.now();
      const ord = (records += 1);
      if (
        last?.triggerId === record.triggerId &&
        last.outcome === record.outcome &&
        (last.detail === detail || COUNTED.has(record.outcome))
      ) {
        last.count += 1;
        last.detail = detail;
        last.lastAt = now;
        last.changeId = record.changeId;
        last.ord = ord;
      } else {
        const contextKey = record.contextKey === null ? null : keptContextKey(record.contextKey);
        const entry = { ...record, contextKey, detail, ord, count: 1, firstAt: now, lastAt: now };
        entries.push(entry);
        newest.set(key, entry);
      }
      // The timer is unreferenced, so that unwritten reasons do not keep the process alive. `close` writes them.
      timer ??= setTimeout(() => {
        timer = undefined;
        void flush();
      }, FLUSH_MS).unref();
    },
    flush,
    async close() {
      clearTimeout(timer);
      await flush();
    },
  };
}

/**
 * Writes a batch in two statements. The first statement adds the first reason of each context key to the newest row of
 * this key if that row has the same trigger, outcome and detail (the detail of a progress count may differ). It inserts
 * all other reasons. Reasons of automations that have since been removed are left out. The second statement removes the
 * rows beyond `keep` of each automation in the batch.
 */
async function writeEntries(db: Executor, entries: readonly Entry[], keep: number): Promise<void> {
  // All workers lock the rows in the same order, so that workers that write the same reasons cannot deadlock. A row
  // whose count is raised gets a new id, so that ids follow the order of the newest repetitions.
  await db.execute(sql`
    with batch as (
      select b.ord, b."automationId", b."triggerId", b."changeId", b."contextKey", b.outcome, b.detail, b.count, b."firstAt",
        b."lastAt"
      from jsonb_to_recordset(${JSON.stringify(entries)}::jsonb) as b(ord int, "automationId" uuid, "triggerId" text,
        "changeId" uuid, "contextKey" text, outcome text, detail text, count int, "firstAt" timestamptz,
        "lastAt" timestamptz)
      join automations a on a.id = b."automationId"),
    head as (
      select h.ord, h."triggerId", h."changeId", h.outcome, h.detail, h.count, h."lastAt",
        case when h."contextKey" is null
          then (select max(id) from evaluations where automation_id = h."automationId" and context_key is null)
          else (select max(id) from evaluations where automation_id = h."automationId" and context_key = h."contextKey")
        end as newest
      from (select distinct on ("automationId", "contextKey") ord, "automationId", "triggerId", "changeId", "contextKey",
        outcome, detail, count, "lastAt" from batch order by "automationId", "contextKey", ord) h),
    locked as materialized (
      select id from evaluations where id in (select newest from head) order by id for update),
    merged as (
      update evaluations e set id = default, count = e.count + head.count, last_at = head."lastAt",
        change_id = head."changeId", detail = head.detail
      from head join locked on locked.id = head.newest
      where e.id = head.newest
        and e.trigger_id is not distinct from head."triggerId" and e.outcome = head.outcome
        and (e.detail = head.detail or e.outcome = any(${`{${[...COUNTED].join(',')}}`}::text[]))
      returning head.ord)
    insert into evaluations (automation_id, trigger_id, change_id, context_key, outcome, detail, count, first_at, last_at)
    select "automationId", "triggerId", "changeId", "contextKey", outcome, detail, count, "firstAt", "lastAt" from batch
    where ord not in (select ord from merged) order by ord`);
  const touched = `{${[...new Set(entries.map((entry) => entry.automationId))].join(',')}}`;
  await db.execute(sql`
    delete from evaluations e using (
      select a.id as automation_id, (select x.id from evaluations x where x.automation_id = a.id
        order by x.id desc offset ${keep} limit 1) as last_dropped
      from unnest(${touched}::uuid[]) as a(id)) old
    where e.automation_id = old.automation_id and e.id <= old.last_dropped`);
}
