import { asc, isNull, sql } from 'drizzle-orm';
import type { Counter } from 'prom-client';
import { runLabelsBegin, labelsText, OTHER_AUTOMATIONS, RUNS_TOTAL } from '../domain/run-metrics';
import type { Executor } from './executor';
import type { BatchResult } from './retention-task';
import { automations } from './tables/automations';

/** Ended runs of one process, which wait for the label of their automation. */
export interface RunTally {
  add(automationId: string, status: string, count: number): void;
  /** Reads the labels and adds what was counted to the counter. On an error the counts are kept for the next call. */
  settle(): Promise<void>;
}

/**
 * Reads the names of the automations that `fermata_runs_total` shows, by id: the `limit` oldest ones. The set depends on the
 * database alone, so all processes use the same labels.
 */
export async function namedAutomations(db: Executor, limit: number): Promise<Map<string, string>> {
  const rows = await db
    .select({ id: automations.id, name: automations.name })
    .from(automations)
    .where(isNull(automations.deletedAt))
    .orderBy(asc(automations.id))
    .limit(limit);
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/**
 * Counts ended runs by automation id and moves them into `counter` under the automation's name, or under `other` when it is
 * not among the first `limit`. Series of names that are not used any more are removed from `counter`.
 */
export function createRunTally(
  counter: Pick<Counter<'automation' | 'status'>, 'inc' | 'remove'>,
  { db, limit }: { db: Executor; limit: number },
): RunTally {
  const pending = new Map<string, { automationId: string; status: string; count: number }>();
  const counted = new Map<string, { automation: string; status: string }>();
  return {
    add(automationId, status, count) {
      const key = `${automationId}/${status}`;
      pending.set(key, { automationId, status, count: (pending.get(key)?.count ?? 0) + count });
    },
    async settle() {
      if (pending.size === 0) return;
      const names = await namedAutomations(db, limit);
      for (const { automationId, status, count } of pending.values()) {
        const labels = { automation: names.get(automationId) ?? OTHER_AUTOMATIONS, status };
        counter.inc(labels, count);
        counted.set(labelsText(labels), labels);
      }
      pending.clear();
      const used = new Set([...names.values(), OTHER_AUTOMATIONS]);
      for (const [key, labels] of counted) {
        if (used.has(labels.automation)) continue;
        counter.remove(labels);
        counted.delete(key);
      }
    },
  };
}

/** Removes the totals of names that no automation has any more: of deleted and of renamed automations. */
export async function forgetRunTotals(db: Executor, limit: number): Promise<BatchResult> {
  const { rowCount } = await db.execute(sql`
    delete from metric_totals where ctid = any(array(
      select t.ctid from metric_totals t
      where t.name = ${RUNS_TOTAL} and not starts_with(t.labels, ${runLabelsBegin(OTHER_AUTOMATIONS)})
        and not exists (select 1 from automations a where a.deleted_at is null and starts_with(t.labels,
          'automation="' || replace(replace(replace(a.name, '\\', '\\\\'), '"', '\\"'), chr(10), '\\n') || '",'))
      limit ${limit}))`);
  return { removed: rowCount ?? 0, more: rowCount === limit };
}
