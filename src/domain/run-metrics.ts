import type { MetricSeries } from './fleet-metrics';

/** Ended runs by automation and status. */
export const RUNS_TOTAL = 'fermata_runs_total';
/** Label of all automations that are not shown by their names. */
export const OTHER_AUTOMATIONS = 'other';

const STATUSES = ['success', 'failed', 'cancelled'] as const;

/** Returns labels in Prometheus' text format without braces, sorted by name, since they are part of a key. */
export function labelsText(labels: Partial<Record<string, string | number>>): string {
  const names = Object.keys(labels).sort();
  return names.map((name) => `${name}="${escaped(String(labels[name]))}"`).join(',');
}

/** Returns what the labels of all series of an automation begin with. */
export function runLabelsBegin(automation: string): string {
  return `${labelsText({ automation })},`;
}

/**
 * Returns the series of `fermata_runs_total` to report: one for each of these names, for `other` and for each status, 0 when
 * nothing was counted, so that the first failure is an increase. Totals under other labels are left out.
 */
export function runTotals(totals: readonly MetricSeries[], automations: Iterable<string>): MetricSeries[] {
  const values = new Map(totals.filter(({ name }) => name === RUNS_TOTAL).map(({ labels, value }) => [labels, value]));
  return [...new Set([...automations, OTHER_AUTOMATIONS])].flatMap((automation) =>
    STATUSES.map((status) => {
      const labels = labelsText({ automation, status });
      return { name: RUNS_TOTAL, labels, value: values.get(labels) ?? 0 };
    }),
  );
}

function escaped(value: string): string {
  return value.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n');
}
