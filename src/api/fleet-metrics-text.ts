import { FLEET_METRICS, type MetricSeries } from '../domain/fleet-metrics';
import { RUNS_TOTAL, runTotals } from '../domain/run-metrics';

const PART = /_(?:bucket|sum|count)$/;

/**
 * Returns the totals of the fleet in Prometheus' text format. Series without labels and those of `fermata_runs_total` for
 * `automations` (names) exist from the start.
 */
export function fleetMetricsText(all: readonly MetricSeries[], automations: Iterable<string>): string {
  const totals = [...all.filter(({ name }) => name !== RUNS_TOTAL), ...runTotals(all, automations)];
  const texts = Object.entries(FLEET_METRICS).map(([name, { type, help, labelNames }]) => {
    const own = totals.filter((each) => (type === 'histogram' ? each.name.replace(PART, '') : each.name) === name);
    const shown = own.length > 0 || labelNames.length > 0 ? own : beginning(name, type);
    const lines = [...shown].sort(inOrder).map(({ name: series, labels, value }) => {
      return `${series}${labels === '' ? '' : `{${labels}}`} ${value}`;
    });
    return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines].join('\n');
  });
  return `${texts.join('\n\n')}\n`;
}

function beginning(name: string, type: 'counter' | 'histogram'): MetricSeries[] {
  if (type === 'counter') return [{ name, labels: '', value: 0 }];
  return [
    { name: `${name}_bucket`, labels: 'le="+Inf"', value: 0 },
    { name: `${name}_count`, labels: '', value: 0 },
    { name: `${name}_sum`, labels: '', value: 0 },
  ];
}

/** Buckets by their bound, as readers of the format expect them. */
function inOrder(a: MetricSeries, b: MetricSeries): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  const [one, other] = [a, b].map(({ labels }) => ({ bound: boundOf(labels), rest: labels.replace(/le="[^"]*"/, '') }));
  if (one === undefined || other === undefined || one.rest !== other.rest) return a.labels < b.labels ? -1 : 1;
  return one.bound < other.bound ? -1 : 1;
}

function boundOf(labels: string): number {
  const bound = /(?:^|,)le="([^"]*)"/.exec(labels)?.[1];
  return bound === '+Inf' ? Infinity : Number(bound);
}
