import { mainLabelsText } from '../../../src/domain/entities/main-labels';
import type { components } from '../api/schema';

type Alert = Pick<components['schemas']['Alert'], 'labels' | 'severity' | 'systemId'>;

/**
 * The labels that best identify an alert among alerts with the same name, without those for its severity and its
 * system, which lists show separately. The tooltip shows all labels.
 */
export function AlertLabels({ alert: { labels, severity, systemId } }: { alert: Alert }) {
  const shown = [severity, systemId];
  const omitted = Object.keys(labels).filter((label) => shown.includes(labels[label]));
  const text = mainLabelsText(labels, omitted);
  if (text === undefined) return null;
  const all = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return (
    <div className="cell-sub alert-labels" title={all.sort().join('\n')}>
      {text}
    </div>
  );
}
