/** Labels that best identify an alert, in order of preference. */
const MAIN_LABELS = ['instance', 'host', 'hostname', 'system', 'service', 'job', 'namespace', 'pod', 'severity'];
/** Maximum number of labels to return. */
const MAX_LABELS = 3;

/**
 * Returns the labels that best identify an alert, e.g. `{instance="db-1", severity="critical"}`: up to three, without
 * `alertname` and the labels in `omitted`. Returns undefined if no label remains.
 */
export function mainLabelsText(
  labels: Readonly<Record<string, unknown>>,
  omitted: readonly string[] = [],
): string | undefined {
  const left = Object.keys(labels).filter((label) => label !== 'alertname' && !omitted.includes(label));
  const others = left.filter((label) => !MAIN_LABELS.includes(label)).sort();
  const main = [...MAIN_LABELS.filter((label) => left.includes(label)), ...others].slice(0, MAX_LABELS);
  if (main.length === 0) return undefined;
  return `{${main.map((label) => `${label}=${JSON.stringify(labels[label])}`).join(', ')}}`;
}
