import { z } from 'zod';
import type { EntityStore } from '../../db/entity-store';
import type { Executor } from '../../db/executor';
import type { Notifier } from '../../db/notifier';
import type { Clock } from '../../domain/clock';
import { FermataError } from '../../domain/errors';
import type { DomainWrite } from '../../domains/domain-write';
import { bodyHandshake } from '../../edges/hooks/handshake';
import type { CloudEvent } from '../../edges/ingest/cloud-event';
import { ingestCloudEvents, type DroppedEvent } from '../../edges/ingest/cloudevents';
import { ingestHealth, parseHealthResults } from '../../edges/ingest/health';
import { onceByKey } from '../../edges/ingest/once-by-key';
import { parseCloudEvents } from '../../edges/ingest/parse-cloud-events';
import { decodeUtf8, isJsonType, mediaTypeOf, parseForeignJson } from '../http/body';
import { callerKeyOf } from '../http/idempotency';
import { repeatOnDeadlock } from '../http/repeat-on-deadlock';
import { inboundRoute, json, type Context, type Reply, type Route } from '../http/route';
import { CloudEventBody, HANDSHAKE, HealthBody, INBOUND_KEY_HEADER } from './inbound-bodies';
import { reportMismatched, type MismatchDeps } from './report-mismatched';

const RESPONSES = {
  202: {
    description: 'Committed. A repeated request gets the same response and has no effect',
    schema: z.object({ accepted: z.int().describe('Number of accepted elements'), changeIds: z.array(z.uuid()) }),
  },
};
const BATCH = 'If one element is invalid, nothing is stored, and the problem contains the `index` of the element.';

export interface InboundDeps extends MismatchDeps {
  db: Executor;
  entities: EntityStore;
  clock: Clock;
  notifier: Notifier;
}

type Inbound = Context<undefined, undefined, unknown>;
type Work = (write: DomainWrite) => Promise<{ changeIds: string[] }>;

/**
 * Returns the routes for events from outside. A request is answered as soon as its events are committed. Workers then
 * route the events.
 */
export function inboundRoutes(deps: InboundDeps): Route[] {
  return [
    cloudEventsRoute(deps, '/events', 'events.post'),
    cloudEventsRoute(deps, '/ingest/cloudevents', 'ingest.cloudEvents'),
    healthRoute(deps, '/ingest/health', 'ingest.health'),
    healthRoute(deps, '/health/results', 'health.results'),
  ];
}

const common = { method: 'post', permission: 'ingest', tag: 'Inbound', responses: RESPONSES } as const;

function cloudEventsRoute(deps: InboundDeps, path: string, operationId: string): Route {
  return inboundRoute({
    ...common,
    ...{ path, operationId },
    responses: { 200: HANDSHAKE, ...RESPONSES },
    summary: 'Receive CloudEvents 1.0, structured, batched or binary, as `automation.event`',
    description: `An event with the same source, id and token as an earlier one has no effect. ${BATCH}`,
    headers: INBOUND_KEY_HEADER,
    bodyFormat: 'raw',
    documentedBody: CloudEventBody,
    bodyTypes: ['application/cloudevents+json', 'application/cloudevents-batch+json', 'application/json'],
    async handler(context) {
      const body = cloudEventBody(context);
      const handshake = bodyHandshake(context.request.headers, body);
      if (handshake !== undefined) return { status: 200, ...handshake };
      const events = parseCloudEvents(context.request.headers, body);
      const { id } = context.principal;
      const { changeIds, mismatched } = await ingestOnce(deps, context, events);
      if (mismatched.length > 0) {
        deps.metrics.countMismatched(mismatched.length);
        deps.log.warn({ events: mismatched.slice(0, 10), principal: id }, 'dropped events that reuse a source and id');
      }
      return accepted(deps, events.length, changeIds);
    },
  });
}

/**
 * Accepts the events in a request. Without an idempotency key, a single statement stores and deduplicates the events,
 * so no transaction is needed.
 */
async function ingestOnce(deps: InboundDeps, context: Inbound, events: readonly CloudEvent[]) {
  const { id } = context.principal;
  if (context.request.headers['idempotency-key'] === undefined)
    return ingestCloudEvents(writeOf(deps, deps.db, context), events, id);
  let mismatched: readonly DroppedEvent[] = [];
  const changeIds = await transact(deps, context, async (write) => {
    const ingested = await ingestCloudEvents(write, events, id);
    ({ mismatched } = ingested);
    return ingested;
  });
  return { changeIds, mismatched };
}

/**
 * Returns the input for `parseCloudEvents`: bytes in binary mode, otherwise the parsed JSON.
 * @throws {FermataError} `unsupported_media_type` for a request that is neither in binary mode nor JSON;
 * `malformed_body` for invalid JSON
 */
function cloudEventBody({ request, raw }: Inbound): unknown {
  const type = mediaTypeOf(request.headers['content-type']);
  const json = isJsonType(type);
  const binary = request.headers['ce-specversion'] !== undefined && !type.startsWith('application/cloudevents');
  if (!binary && !json) {
    const detail = 'Send application/cloudevents+json, application/cloudevents-batch+json, or ce-… headers.';
    throw new FermataError('unsupported_media_type', detail);
  }
  if (binary && (!json || raw.length === 0)) return raw;
  const value = parseForeignJson(decodeUtf8(raw));
  return binary ? raw : value;
}

function healthRoute(deps: InboundDeps, path: string, operationId: string): Route {
  return inboundRoute({
    ...common,
    ...{ path, operationId },
    summary: 'Receive results of external checks, one or `{results: […]}`',
    description: `Unknown systems and checks are created. A result with the same system, check, timestamp and status as an earlier one has no effect. ${BATCH}`,
    headers: INBOUND_KEY_HEADER,
    body: z.unknown(),
    documentedBody: HealthBody,
    async handler(context) {
      const results = parseHealthResults(context.body);
      const changeIds = await transact(deps, context, (write) => ingestHealth(write, results));
      return accepted(deps, results.length, changeIds);
    },
  });
}

async function transact(deps: InboundDeps, context: Inbound, work: Work): Promise<string[]> {
  const caller = callerKeyOf(context);
  const result = await repeatOnDeadlock(() =>
    deps.db.transaction((tx) => onceByKey(tx, caller, () => work(writeOf(deps, tx, context)))),
  );
  if (result.mismatched) reportMismatched(deps, context);
  return result.changeIds;
}

function writeOf({ entities, clock }: InboundDeps, tx: Executor, { cause }: Inbound): DomainWrite {
  return { tx, entities, cause, now: clock.now() };
}

function accepted({ notifier }: InboundDeps, count: number, changeIds: string[]): Reply {
  if (changeIds.length > 0) notifier.changes();
  return json(202, { accepted: count, changeIds });
}
