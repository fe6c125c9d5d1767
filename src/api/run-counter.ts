import { Counter, type Registry } from 'prom-client';
import { countableUntil, countEndedRuns, namedAutomations } from '../db/run-totals';
import type { Executor } from '../db/executor';

/** Label value for all automations that are not shown by name. */
const OTHER_AUTOMATIONS = 'other';
const STATUSES = ['success', 'failed', 'cancelled'] as const;

/**
 * Adds `fermata_runs_total` to a registry. It counts the runs that have ended since this process started counting,
 * regardless of which worker executed them. Each call of `refresh` reads from the database the runs that have ended
 * since the previous call, except those of the last 2 s. Each of the `named` oldest automations, and `other`, has a
 * series for each status from the start, so that the first failure is visible as an increase.
 */
export function createRunCounter(registers: Registry[], { db, named }: { db: Executor; named: number }) {
  const counter = new Counter({
    name: 'fermata_runs_total',
    help: 'Ended runs of the whole installation, by automation and status, except runs that were replaced',
    labelNames: ['automation', 'status'],
    registers,
  });
  let shown = new Set<string>();
  let after: string | undefined;
  const refreshNow = async (): Promise<void> => {
    const now = await countableUntil(db);
    // If the database's clock has been set back, do not count runs twice.
    const until = after !== undefined && after > now ? after : now;
    const [names, ended] = await Promise.all([
      namedAutomations(db, named),
      after === undefined ? [] : countEndedRuns(db, after, until),
    ]);
    const next = new Set([...names.values(), OTHER_AUTOMATIONS]);
    for (const automation of shown) {
      if (!next.has(automation)) STATUSES.forEach((status) => counter.remove({ automation, status }));
    }
    for (const automation of next) STATUSES.forEach((status) => counter.inc({ automation, status }, 0));
    for (const { automationId, status, count } of ended) {
      counter.inc({ automation: names.get(automationId) ?? OTHER_AUTOMATIONS, status }, count);
    }
    shown = next;
    after = until;
  };
  // Calls run one after the other. Two concurrent scrapes would count the same runs twice.
  let last: Promise<void> = Promise.resolve();
  return { refresh: (): Promise<void> => (last = last.catch(() => undefined).then(refreshNow)) };
}
