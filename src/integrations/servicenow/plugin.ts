import { z } from 'zod';
import type { Egress } from '../../edges/egress/egress';
import type { ConnectionType } from '../connections/connection-type';
import type { CallContext, CallingAction, Plugin } from '../contract';
import { boundedKey } from '../incident-key';
import { createTextLimits } from '../limit-text';
import { ProviderFailure } from '../provider-failure';
import { createServicenowClient, ServicenowConnection, type ServicenowClient } from './client';

const Text = z.string().trim().min(1);
const TIMEOUT_MS = 30_000;
/** Maximum lengths in characters of the `incident` table's columns `short_description` and `correlation_id`. */
const MAX_SHORT = 160;
const MAX_CORRELATION = 100;
/** State of a resolved incident. */
const RESOLVED = '6';

const Incident = z.object({ sysId: z.string(), number: z.string(), state: z.string(), url: z.string() });
const Row = z.looseObject({ sys_id: z.string(), number: z.string(), state: z.string() });
const One = z.looseObject({ result: Row });
const Fields = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
const common = { connection: 'servicenow', execution: 'call', timeoutMs: () => TIMEOUT_MS } as const;
const produces = { name: 'incident', schema: Incident, identity: ['sysId'] };
const INCIDENT = 'integration-servicenow.incident';

/** Returns functions that send a step's requests to the Table API and build its artifact. */
function work(client: ServicenowClient, { connection, now, signal, timeoutMs }: CallContext<unknown>) {
  const account = ServicenowConnection.parse(connection);
  const call = { now, signal, timeoutMs };
  return {
    send: <T extends z.ZodType>(method: 'GET' | 'POST' | 'PATCH', path: string, answer: T, body?: unknown) =>
      client(account, call, { method, path, body }, answer),
    done({ sys_id: sysId, number, state }: z.infer<typeof Row>) {
      const url = `${account.instanceUrl}/nav_to.do?uri=incident.do?sys_id=${sysId}`;
      const artifact = { sysId, number, state, url };
      return { output: artifact, artifact };
    },
  };
}

const CreateConfig = z.strictObject({
  connectionId: Text,
  shortDescription: Text,
  description: z.string().optional(),
  urgency: z.enum(['1', '2', '3']).optional(),
  impact: z.enum(['1', '2', '3']).optional(),
  assignmentGroup: Text.optional(),
  fields: Fields.optional().describe('Other columns of the incident'),
});

/**
 * Creates the action `integration-servicenow.create_incident`. The incident's `correlation_id` is the idempotency key,
 * by which a repeated attempt finds the incident.
 */
function createCreateIncident(client: ServicenowClient): CallingAction<z.infer<typeof CreateConfig>> {
  return {
    ...common,
    id: 'create_incident',
    displayName: 'Create ServiceNow incident',
    description: 'Creates an incident, once for each step of a run.',
    configSchema: CreateConfig,
    produces,
    async execute(context) {
      const { config, idempotencyKey, note } = context;
      const { send, done } = work(client, context);
      const key = boundedKey(idempotencyKey, MAX_CORRELATION);
      const query = new URLSearchParams({ sysparm_query: `correlation_id=${key}`, sysparm_limit: '1' });
      const { result } = await send(
        'GET',
        `/table/incident?${query.toString()}`,
        z.looseObject({ result: z.array(Row) }),
      );
      const [earlier] = result;
      if (earlier) return done(earlier);
      const { shortDescription, description, urgency, impact, assignmentGroup, fields } = config;
      const short = createTextLimits('ServiceNow', note)('shortDescription', shortDescription, {
        characters: MAX_SHORT,
      });
      const optional = { description, urgency, impact, assignment_group: assignmentGroup };
      // A column that is not set must not replace the same column of `fields`.
      const columns = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
      const own = { short_description: short, correlation_id: key, correlation_display: 'Fermata' };
      const body = { ...fields, ...columns, ...own };
      return done((await send('POST', '/table/incident', One, body)).result);
    },
  };
}

const Target = { connectionId: Text, sysId: Text.optional().describe('Default: the incident of an earlier step') };

function sysIdOf(given: string | undefined, consumed: Record<string, unknown> | null): string {
  const id = given ?? consumed?.['sysId'];
  if (typeof id === 'string') return encodeURIComponent(id);
  const message = 'Set sysId: no earlier step has created an incident that is open.';
  throw new ProviderFailure('artifact_missing', message, { retryable: false });
}

const UpdateConfig = z.strictObject({ ...Target, fields: Fields.default({}), workNotes: Text.optional() });

/**
 * Creates the action `integration-servicenow.update`. A repeated attempt writes the same values, but a work note may
 * appear twice after a crash.
 */
function createUpdate(client: ServicenowClient): CallingAction<z.infer<typeof UpdateConfig>> {
  return {
    ...common,
    id: 'update',
    displayName: 'Update ServiceNow incident',
    description: 'Changes columns of an incident and adds a work note.',
    configSchema: UpdateConfig,
    consumes: INCIDENT,
    produces,
    async execute(context) {
      const { config, consumed } = context;
      const { send, done } = work(client, context);
      const body = { ...config.fields, ...(config.workNotes !== undefined && { work_notes: config.workNotes }) };
      return done((await send('PATCH', `/table/incident/${sysIdOf(config.sysId, consumed)}`, One, body)).result);
    },
  };
}

const ResolveConfig = z.strictObject({
  ...Target,
  closeCode: Text.default('Solution provided'),
  closeNotes: Text,
});

/** Creates the action `integration-servicenow.resolve`. A repeated attempt changes nothing. */
function createResolve(client: ServicenowClient): CallingAction<z.infer<typeof ResolveConfig>> {
  return {
    ...common,
    id: 'resolve',
    displayName: 'Resolve ServiceNow incident',
    description: 'Sets an incident to resolved.',
    configSchema: ResolveConfig,
    consumes: INCIDENT,
    produces,
    async execute(context) {
      const { config, consumed } = context;
      const { send, done } = work(client, context);
      const body = { state: RESOLVED, close_code: config.closeCode, close_notes: config.closeNotes };
      const { result } = await send('PATCH', `/table/incident/${sysIdOf(config.sysId, consumed)}`, One, body);
      return { ...done(result), closesConsumed: true };
    },
  };
}

const SearchConfig = z.strictObject({
  connectionId: Text,
  query: Text.describe('Encoded query, such as active=true^priority=1'),
  table: z.string().regex(/^\w+$/).default('incident'),
  limit: z.int().min(1).max(100).default(20),
});
const Found = z.object({ count: z.int(), records: z.array(z.record(z.string(), z.unknown())) });

/** Creates the action `integration-servicenow.search`. */
function createSearch(client: ServicenowClient): CallingAction<z.infer<typeof SearchConfig>> {
  return {
    ...common,
    id: 'search',
    displayName: 'Search ServiceNow',
    description: 'Finds records of a table by an encoded query.',
    configSchema: SearchConfig,
    produces: { name: 'search', schema: Found },
    async execute(context) {
      const { query, table, limit } = context.config;
      const { send } = work(client, context);
      const parameters = new URLSearchParams({ sysparm_query: query, sysparm_limit: String(limit) });
      const answer = z.looseObject({ result: z.array(z.record(z.string(), z.unknown())) });
      const { result } = await send('GET', `/table/${table}?${parameters.toString()}`, answer);
      const artifact = { count: result.length, records: result };
      return { output: artifact, artifact };
    },
  };
}

function createServicenowConnectionType(client: ServicenowClient): ConnectionType<ServicenowConnection> {
  const answer = z.looseObject({ result: z.array(z.looseObject({ sys_id: z.string(), name: z.string().optional() })) });
  return {
    id: 'servicenow',
    displayName: 'ServiceNow',
    configSchema: ServicenowConnection,
    addressFields: ['instanceUrl'],
    async test(config, call) {
      await client(
        config,
        call,
        { method: 'GET', path: '/table/incident?sysparm_limit=1&sysparm_fields=sys_id' },
        answer,
      );
      return `Connected as ${config.user}; incidents can be read.`;
    },
    options: {
      async assignmentGroup(config, _given, call) {
        const path = '/table/sys_user_group?sysparm_query=active%3Dtrue&sysparm_fields=sys_id%2Cname&sysparm_limit=200';
        const { result } = await client(config, call, { method: 'GET', path }, answer);
        return result.map(({ sys_id: id, name }) => ({ value: id, label: name ?? id }));
      },
    },
  };
}

/** Creates the plugin for ServiceNow, which uses the Table API. */
export function createServicenowPlugin({ egress }: { egress: Egress }): Plugin {
  const client = createServicenowClient(egress);
  return {
    id: 'integration-servicenow',
    connectionTypes: [createServicenowConnectionType(client)],
    actions: [createCreateIncident(client), createUpdate(client), createResolve(client), createSearch(client)],
  };
}
