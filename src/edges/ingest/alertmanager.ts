import { removeAlerts, storeAlerts } from '../../db/health-alerts';
import type { HealthStatus } from '../../db/tables/health';
import { ownField } from '../../domain/entities/diff';
import { ensureSystems, matchSystems } from '../../domains/catalog/ensure-systems';
import type { DomainWrite } from '../../domains/domain-write';
import { refreshHealth } from '../../domains/healthcheck/refresh-health';
import type { Alert } from './alertmanager-payload';
import { refusal } from './refusal';

/** Labels that name the system when the one of the settings is not there. */
const FALLBACK_LABELS = ['service', 'job', 'instance'];

/** Severities that make a system unhealthy; every other firing alert makes it degraded. */
const UNHEALTHY_SEVERITIES = ['critical', 'page'];

interface PlacedAlert extends Alert {
  /** Value of the label that names the system. */
  label: string;
}

function place(alert: Alert, index: number, label: string): PlacedAlert {
  const names = [label, ...FALLBACK_LABELS];
  const name = names.find((candidate) => ownField(alert.labels, candidate));
  const value = name === undefined ? undefined : ownField(alert.labels, name);
  if (typeof value === 'string') return { ...alert, label: value };
  const message = `names no system: it needs one of the labels ${names.join(', ')}`;
  throw refusal('Alert', [{ path: `alerts[${index}].labels`, message, code: 'missing_label' }], index);
}

function statusOf(alert: Alert): HealthStatus {
  return UNHEALTHY_SEVERITIES.includes(String(ownField(alert.labels, 'severity'))) ? 'unhealthy' : 'degraded';
}

/**
 * Takes in the alerts of one webhook: each firing one is a check of its system, each resolved one is removed, and the
 * health of every system changes at most once. Systems are found by the label's value as id, then as exact name; a firing
 * alert of an unknown one creates it. Gives the ids of the changes of health. Refused: `validation_failed` with
 * `data.index` for an alert without a label that names its system.
 */
export async function ingestAlertmanager(
  write: DomainWrite,
  alerts: readonly Alert[],
  settings: { label?: string } = {},
): Promise<{ changeIds: string[] }> {
  const label = settings.label ?? 'system';
  const placed = alerts.map((alert, index) => place(alert, index, label));
  const known = await matchSystems(
    write,
    placed.map((alert) => alert.label),
  );
  // The same fingerprint twice: the later one counts.
  const latest = new Map(placed.map((alert) => [alert.fingerprint, alert]));
  const firing = [];
  const resolved = [];
  for (const alert of latest.values()) {
    const systemId = known.get(alert.label) ?? alert.label;
    const { fingerprint, labels, annotations, startsAt, generatorURL } = alert;
    const data = { labels, annotations, startsAt, generatorURL };
    if (alert.status === 'firing') firing.push({ systemId, fingerprint, status: statusOf(alert), data });
    else if (known.has(alert.label)) resolved.push({ systemId, fingerprint });
  }
  const systems = await ensureSystems(
    write,
    [...firing, ...resolved].map((alert) => alert.systemId),
  );
  const touched = new Set([...firing.map((alert) => alert.systemId), ...(await removeAlerts(write.tx, resolved))]);
  await storeAlerts(write.tx, firing, write.now);
  const changed = [...systems.values()].filter((system) => touched.has(system.id));
  return { changeIds: await refreshHealth(write, changed, new Map(changed.map((s) => [s.id, write.now]))) };
}
