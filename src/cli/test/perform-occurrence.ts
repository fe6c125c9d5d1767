import { sha256 } from '../../domain/sha256';
import type { ApiAnswer, Stage } from './stage';
import { msOfDuration } from './duration-text';
import type { Occurrence } from './occurrence';

interface Call {
  method: string;
  path: string;
  body?: unknown;
}

/** Data about the test that occurrences need. */
export interface OccurrenceContext {
  start: Date;
  /** Index of the occurrence, so that ids differ. */
  index: number;
  /**
   * Returns the id of an automation by its name.
   * @throws when no automation has the name
   */
  automationId: (name: string) => string;
}

/** Thrown when the API refuses an occurrence. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/**
 * Performs an occurrence with the API calls that an external sender would make.
 * @throws {Refused} when the API refuses one of them
 */
export async function performOccurrence(
  stage: Stage,
  occurrence: Occurrence,
  happening: OccurrenceContext,
): Promise<void> {
  for (const { method, path, body } of await callsOf(stage, occurrence, happening)) {
    const answer = await stage.call(method, path, body);
    if (answer.status >= 400) throw new Refused(`${method} ${path} was refused: ${problemOf(answer)}`);
  }
}

async function callsOf(stage: Stage, occurrence: Occurrence, happening: OccurrenceContext): Promise<Call[]> {
  const { health, event, alert, entity, incident, maintenance, trigger, request } = occurrence;
  if (health) return [post('/health/results', { configurationId: 'check', ...health })];
  if (event) {
    const filled = { specversion: '1.0', id: `event-${happening.index}`, source: 'fermata-test' };
    return [post('/events', { ...filled, time: stage.now().toISOString(), ...event })];
  }
  if (alert) return [post('/ingest/alertmanager', webhookOf([alert].flat(), stage.now()))];
  if (entity) return entityCalls(stage, entity);
  if (incident) return [post('/incidents', incident)];
  if (maintenance) {
    const at = (time: unknown) => instantOf(time, happening.start);
    return [
      post('/maintenances', { ...maintenance, startAt: at(maintenance['startAt']), endAt: at(maintenance['endAt']) }),
    ];
  }
  if (trigger) {
    const { automation, ...body } = trigger;
    return [post(`/automations/${happening.automationId(automation)}/runs`, body)];
  }
  if (request) return [request];
  return [];
}

const post = (path: string, body: unknown): Call => ({ method: 'POST', path, body });

/**
 * Converts a time since the start to an instant. An invalid time is passed on unchanged, so that the API refuses it.
 */
function instantOf(time: unknown, start: Date): unknown {
  const ms = typeof time === 'string' || time === 0 ? msOfDuration(String(time)) : undefined;
  return ms === undefined ? time : new Date(start.getTime() + ms).toISOString();
}

type Alert = Extract<NonNullable<Occurrence['alert']>, { labels: unknown }>;

function webhookOf(alerts: readonly Alert[], now: Date) {
  const status = alerts.some((alert) => alert.status === 'firing') ? 'firing' : 'resolved';
  return {
    ...{ version: '4', groupKey: 'fermata-test', truncatedAlerts: 0, status, receiver: 'fermata' },
    ...{ groupLabels: {}, commonLabels: {}, commonAnnotations: {}, externalURL: 'http://alertmanager.test' },
    alerts: alerts.map((alert) => ({
      ...alert,
      ...(alert.status === 'firing' ? { startsAt: now.toISOString() } : { endsAt: now.toISOString() }),
      // As in Alertmanager, alerts with the same labels are the same alert.
      fingerprint: alert.fingerprint ?? fingerprintOf(alert.labels),
    })),
  };
}

function fingerprintOf(labels: Record<string, string>): string {
  const sorted = JSON.stringify(Object.entries(labels).sort());
  return sha256(sorted).slice(0, 16);
}

/** Returns the calls that set an entity. Creates its kind first, without a schema, if it does not exist. */
async function entityCalls(stage: Stage, entity: NonNullable<Occurrence['entity']>): Promise<Call[]> {
  const { kind, id, state, merge, remove } = entity;
  const kinds = (await stage.call('GET', '/entity-kinds')).body as { items: { kind: string }[] };
  const known = kinds.items.some((one) => one.kind === kind);
  const make: Call[] = known
    ? []
    : [{ method: 'PUT', path: `/entity-kinds/${encodeURIComponent(kind)}`, body: { schema: {} } }];
  const path = `/entities/${encodeURIComponent(kind)}/${encodeURIComponent(id)}`;
  if (remove === true) return [...make, { method: 'DELETE', path }];
  if (merge) return [...make, { method: 'PATCH', path, body: merge }];
  return [...make, { method: 'PUT', path, body: state ?? {} }];
}

/** Returns the error message in a response. */
export function problemOf({ status, body }: ApiAnswer): string {
  const {
    detail,
    title,
    errors = [],
  } = Object(body) as {
    detail?: string;
    title?: string;
    errors?: { path: string; message: string }[];
  };
  if (errors.length === 0) return detail ?? title ?? String(status);
  return errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
}
