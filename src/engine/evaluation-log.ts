import { sql } from 'drizzle-orm';
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
  outcome: Outcome;
  detail: string;
}

/** Outcomes whose detail is a progress count: repeats in a row are one refusal, and the newest detail is kept. */
const COUNTED: ReadonlySet<Outcome> = new Set(['window']);
/** Longest reason that is kept. */
const DETAIL_LIMIT = 500;
const FLUSH_MS = 500;

interface Entry extends EvaluationRecord {
  count: number;
  firstAt: Date;
  lastAt: Date;
}

export interface EvaluationLog {
  record(record: EvaluationRecord): void;
  /** Writes what is noted; called automatically every half second while something is pending. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Notes reasons and writes them in batches: a crash may lose the last half second of reasons, never a run. Identical
 * consecutive outcomes of an automation become one row with a count.
 */
export function createEvaluationLog(deps: {
  db: Executor;
  clock: Clock;
  /** Rows that are kept of each automation. */
  keep: number;
  onError: (error: unknown) => void;
}): EvaluationLog {
  const { db, clock, keep, onError } = deps;
  let entries: Entry[] = [];
  const newest = new Map<string, Entry>();
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  const write = async (): Promise<void> => {
    if (entries.length === 0) return;
    const batch = entries;
    entries = [];
    newest.clear();
    try {
      await writeEntries(db, batch, keep);
    } catch (error) {
      onError(error);
    }
  };
  const flush = () => (writing = writing.then(write));
  return {
    record(record) {
      const detail = record.detail.replaceAll('\u0000', '').slice(0, DETAIL_LIMIT).toWellFormed();
      const last = newest.get(record.automationId);
      const now = clock.now();
      if (
        last?.triggerId === record.triggerId &&
        last.outcome === record.outcome &&
        (last.detail === detail || COUNTED.has(record.outcome))
      ) {
        last.count += 1;
        last.detail = detail;
        last.lastAt = now;
        last.changeId = record.changeId;
      } else {
        const entry = { ...record, detail, count: 1, firstAt: now, lastAt: now };
        entries.push(entry);
        newest.set(record.automationId, entry);
      }
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

async function writeEntries(db: Executor, entries: readonly Entry[], keep: number): Promise<void> {
  const records = JSON.stringify(entries.map((entry, ord) => ({ ord, ...entry })));
  await db.execute(sql`
    with batch as (
      select b.ord, b."automationId", b."triggerId", b."changeId", b.outcome, b.detail, b.count, b."firstAt", b."lastAt"
      from jsonb_to_recordset(${records}::jsonb) as b(ord int, "automationId" uuid, "triggerId" text,
        "changeId" uuid, outcome text, detail text, count int, "firstAt" timestamptz, "lastAt" timestamptz)
      join automations a on a.id = b."automationId"),
    head as (select distinct on ("automationId") ord, "automationId", "triggerId", "changeId", outcome, detail, count, "firstAt", "lastAt"
      from batch order by "automationId", ord),
    merged as (
      update evaluations e set count = e.count + head.count, last_at = head."lastAt", change_id = head."changeId",
        detail = head.detail
      from head
      where e.id = (select max(id) from evaluations where automation_id = head."automationId")
        and e.trigger_id is not distinct from head."triggerId" and e.outcome = head.outcome
        and (e.detail = head.detail or e.outcome = any(${`{${[...COUNTED].join(',')}}`}::text[]))
      returning head.ord)
    insert into evaluations (automation_id, trigger_id, change_id, outcome, detail, count, first_at, last_at)
    select "automationId", "triggerId", "changeId", outcome, detail, count, "firstAt", "lastAt" from batch
    where ord not in (select ord from merged) order by ord`);
  const touched = `{${[...new Set(entries.map((entry) => entry.automationId))].join(',')}}`;
  await db.execute(sql`
    delete from evaluations e using (
      select a.id as automation_id, (select x.id from evaluations x where x.automation_id = a.id
        order by x.id desc offset ${keep} limit 1) as last_dropped
      from unnest(${touched}::uuid[]) as a(id)) old
    where e.automation_id = old.automation_id and e.id <= old.last_dropped`);
}
