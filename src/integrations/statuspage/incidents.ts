import { z } from 'zod';
import { sha256 } from '../../domain/sha256';
import type { CallContext, CallingAction } from '../contract';
import { createTextLimits } from '../limit-text';
import { ProviderFailure } from '../provider-failure';
import { StatuspageConnection, type StatuspageClient } from './client';
import { pageOf, pathOf } from './page';

export const Text = z.string().trim().min(1);
export const TIMEOUT_MS = 30_000;
/** Maximum lengths in characters: https://developer.statuspage.io/#operation/postPagesPageIdIncidents */
const MAX = { name: 255, body: 25_000 } as const;
/** Maximum number of incidents to search, starting with the newest, for the incident of an earlier attempt. */
const SEARCHED = 100;

const STATUSES = ['investigating', 'identified', 'monitoring', 'resolved'] as const;
export const ComponentStatus = z.enum([
  'operational',
  'under_maintenance',
  'degraded_performance',
  'partial_outage',
  'major_outage',
]);
const Impact = z.enum(['none', 'minor', 'major', 'critical']);
const Components = z.record(z.string(), ComponentStatus).describe('Ids of components with their new status');
const Fields = {
  connectionId: Text,
  page: Text.optional().describe('Default: the page of the connection'),
  body: Text.optional().describe('Text of the update that subscribers read'),
  components: Components.optional(),
  impact: Impact.optional().describe('Default: what Statuspage derives from the components'),
  notify: z.boolean().default(true).describe('Notify subscribers'),
};

const Incident = z.object({ incidentId: z.string(), name: z.string(), status: z.string(), url: z.string().nullable() });
const IncidentArtifact = Incident.extend({ reused: z.boolean() });
const Row = z.looseObject({
  id: z.string(),
  name: z.string(),
  status: z.string(),
  shortlink: z.string().nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  incident_updates: z.array(z.looseObject({ status: z.string(), body: z.string().nullish() })).nullish(),
});
type Row = z.infer<typeof Row>;
const common = { connection: 'statuspage', execution: 'call', timeoutMs: () => TIMEOUT_MS } as const;
const produces = { name: 'incident', schema: IncidentArtifact, identity: ['incidentId'] };
const INCIDENT = 'integration-statuspage.incident';

const markOf = (idempotencyKey: string): string => sha256(idempotencyKey).slice(0, 32);

function done({ id, name, status, shortlink }: Row, reused: boolean) {
  const artifact = { incidentId: id, name, status, url: shortlink ?? null, reused };
  return { output: artifact, artifact };
}

/** Returns functions that truncate text to Statuspage's limits and send a step's requests. */
function work(statuspage: StatuspageClient, context: CallContext<{ page?: string | undefined }>) {
  const { connection, config, now, signal, timeoutMs, note } = context;
  const account = StatuspageConnection.parse(connection);
  const page = pageOf(account, config.page);
  return {
    limit: createTextLimits('Statuspage', note),
    send: <T extends z.ZodType>(method: 'GET' | 'POST' | 'PATCH', path: string, answer: T, body?: unknown) =>
      statuspage(account, { now, signal, timeoutMs }, { method, path: pathOf(page, path), body }, answer),
  };
}

const CreateConfig = z.strictObject({
  ...Fields,
  name: Text.describe('Title of the incident'),
  status: z.enum(STATUSES).default('investigating'),
});

/**
 * Creates the action `integration-statuspage.create_incident`. The incident's metadata contains a mark derived from the
 * idempotency key, and a repeated attempt searches the newest incidents for the mark.
 */
export function createCreateIncident(statuspage: StatuspageClient): CallingAction<z.infer<typeof CreateConfig>> {
  return {
    ...common,
    id: 'create_incident',
    displayName: 'Create Statuspage incident',
    description: 'Creates an incident on a status page, once for each step of a run.',
    configSchema: CreateConfig,
    produces,
    async execute(context) {
      const { config, sentBefore, idempotencyKey } = context;
      const { send, limit } = work(statuspage, context);
      const key = markOf(idempotencyKey);
      if (sentBefore) {
        const recent = await send('GET', `/incidents?limit=${SEARCHED}&page=1`, z.array(Row));
        const found = recent.find(({ metadata }) => keyOf(metadata) === key);
        if (found) return done(found, true);
      }
      const name = limit('name', config.name, { characters: MAX.name });
      const fields = fieldsOf(config, limit);
      // Statuspage requires all top-level values of the metadata to be maps.
      const incident = { ...fields, name, status: config.status, metadata: { fermata: { key } } };
      return done(await send('POST', '/incidents', Row, { incident }), false);
    },
  };
}

function keyOf(metadata: Row['metadata']): unknown {
  const own = metadata?.['fermata'];
  return typeof own === 'object' && own !== null ? (own as Record<string, unknown>)['key'] : undefined;
}

function fieldsOf(
  { body, components, impact, notify }: z.infer<z.ZodObject<typeof Fields>>,
  limit: ReturnType<typeof createTextLimits>,
) {
  return {
    ...(body !== undefined && { body: limit('body', body, { characters: MAX.body }) }),
    ...(components && { components, component_ids: Object.keys(components) }),
    ...(impact && { impact_override: impact }),
    deliver_notifications: notify,
  };
}

const UpdateConfig = z.strictObject({
  ...Fields,
  incidentId: Text.optional().describe('Default: the incident of an earlier step'),
  status: z.enum(STATUSES).optional().describe('New status of the incident; resolved ends it. Default: unchanged'),
});

/**
 * Creates the action `integration-statuspage.update_incident`, which adds an update to an incident or resolves it.
 * Statuspage has no idempotency keys for updates. A repeated attempt finds the earlier update by its status and text,
 * so that subscribers are notified only once.
 */
export function createUpdateIncident(statuspage: StatuspageClient): CallingAction<z.infer<typeof UpdateConfig>> {
  return {
    ...common,
    id: 'update_incident',
    displayName: 'Update Statuspage incident',
    description: 'Adds an update to an incident of a status page, or resolves it.',
    configSchema: UpdateConfig,
    consumes: INCIDENT,
    produces,
    async execute(context) {
      const { config, consumed, sentBefore } = context;
      const { send, limit } = work(statuspage, context);
      const path = `/incidents/${encodeURIComponent(incidentOf(config.incidentId, consumed))}`;
      const fields = fieldsOf(config, limit);
      const closesConsumed = config.status === 'resolved';
      if (sentBefore) {
        const known = await send('GET', path, Row);
        const [newest] = known.incident_updates ?? [];
        const isSame = newest?.body === fields.body && newest?.status === (config.status ?? known.status);
        if (fields.body !== undefined && isSame) return { ...done(known, true), closesConsumed };
      }
      const incident = { ...fields, ...(config.status && { status: config.status }) };
      return { ...done(await send('PATCH', path, Row, { incident }), true), closesConsumed };
    },
  };
}

function incidentOf(given: string | undefined, consumed: Record<string, unknown> | null): string {
  const id = given ?? consumed?.['incidentId'];
  if (typeof id === 'string') return id;
  const message = 'Set incidentId: no earlier step has created an incident that is open.';
  throw new ProviderFailure('artifact_missing', message, { retryable: false });
}
