import { asc, sql } from 'drizzle-orm';
import type { MetricSeries } from '../domain/fleet-metrics';
import type { Executor } from './executor';
import { metricTotals } from './tables/change-log';

/** Adds to the totals of the fleet. In the order of their key, so that processes do not lock each other out. */
export async function addToMetricTotals(db: Executor, added: readonly MetricSeries[]): Promise<void> {
  if (added.length === 0) return;
  const column = (values: readonly unknown[]) => sql.param(values);
  await db.execute(sql`
    insert into metric_totals (name, labels, value)
    select added.name, added.labels, added.value from unnest(${column(added.map(({ name }) => name))}::text[], ${column(added.map(({ labels }) => labels))}::text[],
      ${column(added.map(({ value }) => value))}::float8[]) as added (name, labels, value) order by name, labels
    on conflict (name, labels) do update set value = metric_totals.value + excluded.value`);
}

/** All totals. */
export async function readMetricTotals(db: Executor): Promise<MetricSeries[]> {
  return db.select().from(metricTotals).orderBy(asc(metricTotals.name), asc(metricTotals.labels));
}
