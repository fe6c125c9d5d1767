import { z } from 'zod';
import type { ProcessCounters } from '../../process-counters';
import { claimDelivery, deliveryKey, type DeliveryIdentity } from '../../db/claim-deliveries';
import type { EntityStore } from '../../db/entity-store';
import type { Executor } from '../../db/executor';
import type { Notifier } from '../../db/notifier';
import type { Clock, Ids } from '../../domain/clock';
import { toStorable } from '../../domain/entities/storable';
import { parseJson } from '../../domain/exact-json';
import { FermataError, type Finding } from '../../domain/errors';
import type { AlertSettings } from '../../domains/alert/take-alerts';
import type { AlertIntake } from '../../edges/alerts/alert-intake';
import { receiveAlerts, rejectedOf, type RejectedElement } from '../../edges/alerts/receive-alerts';
import { ElementError, type AlertSender, type SenderMessage } from '../../edges/alerts/sender';
import { bodyHandshake } from '../../edges/hooks/handshake';
import { ALERT_SENDERS } from '../../edges/alerts/senders';
import { onceByKey, type CallerKey } from '../../edges/ingest/once-by-key';
import { jsonProblem } from '../../domain/json-problem';
import { nestsTooDeep } from '../http/json-text';
import { callerKeyOf } from '../http/idempotency';
import { repeatOnDeadlock } from '../http/repeat-on-deadlock';
import { asReported, reportRefused, type RefusedElements } from '../http/refused-delivery';
import { inboundRoute, json, type Context, type Reply, type Route } from '../http/route';
import { HANDSHAKE, INBOUND_KEY_HEADER } from './inbound-bodies';
import { reportMismatched, type MismatchDeps } from './report-mismatched';

export const ALERT_RESPONSES = {
  200: HANDSHAKE,
  202: {
    description:
      'The valid elements are committed. An element that repeats a known state changes nothing and returns no change ids',
    schema: z.object({
      accepted: z.int().describe('Number of accepted elements'),
      changeIds: z.array(z.uuid()).describe('At most one for each alert and one for each system'),
      rejected: z.array(z.object({ index: z.int(), message: z.string() })).describe('Refused elements'),
    }),
  },
  422: { description: 'Every element of the message was refused' },
};

export const ALERT_BODY = {
  type: 'object',
  description: 'In the format that the sender documents; unknown fields are ignored',
  additionalProperties: true,
};

export interface AlertIngestDeps extends MismatchDeps {
  db: Executor;
  entities: EntityStore;
  clock: Clock;
  ids: Ids;
  notifier: Notifier;
  counters: Pick<ProcessCounters, 'count'>;
  settings: { alerts: AlertSettings };
  alertIntake: AlertIntake;
}

/** Returns the routes for alerts from every sender that has an adapter. Callers need the permission `ingest`. */
export function alertIngestRoutes(deps: AlertIngestDeps): Route[] {
  return ALERT_SENDERS.map((sender) =>
    inboundRoute({
      method: 'post',
      permission: 'ingest',
      tag: 'Inbound',
      path: `/ingest/${sender.id}`,
      operationId: `ingest.${camelCase(sender.id)}`,
      summary: `Receive ${sender.receives}, as entities of the kind "alert"`,
      description:
        'An element that repeats a known state changes nothing. An invalid element does not affect the others: it is listed in `rejected` and at GET /deliveries/refused. This route checks no signature; /ingest/{sender}/{hook} does.',
      headers: INBOUND_KEY_HEADER,
      bodyFormat: 'raw',
      documentedBody: ALERT_BODY,
      bodyTypes: ['application/json', 'text/plain'],
      responses: ALERT_RESPONSES,
      handler: (context) =>
        takeMessage(deps, context, {
          ...{ route: `/ingest/${sender.id}`, sender: context.principal.actor.name ?? context.principal.id },
          read: (raw) => readBody(sender, raw),
        }),
    }),
  );
}

export const camelCase = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

type Inbound = Pick<Context<unknown, undefined, unknown>, 'cause' | 'principal' | 'request' | 'raw'>;

/** A received message. */
export interface IncomingMessage {
  /** Route name for metrics and `GET /deliveries/refused`. */
  route: string;
  /** Name of the sender's token or hook. */
  sender: string;
  /**
   * Parses the message.
   * @throws {ElementError | FermataError} when it contains no elements
   */
  read(raw: Buffer): SenderMessage;
  /** Identities of the message. The message is ignored if a message with one of them has been received before. */
  identities?: readonly DeliveryIdentity[];
}

/** Reads a message with the adapter of its sender. */
export const readBody = (sender: AlertSender, raw: Buffer): SenderMessage => sender.read(toStorable(parseForeign(raw)));

/**
 * Reads a message, commits its valid elements and returns the response. A handshake gets a response, but nothing is
 * stored.
 * @throws {FermataError} `malformed_body`; `validation_failed` when no element is valid
 */
export async function takeMessage(deps: AlertIngestDeps, context: Inbound, incoming: IncomingMessage): Promise<Reply> {
  const { route, sender } = incoming;
  const handshake = handshakeOf(context);
  if (handshake !== undefined) return handshake;
  const message = await readMessage(deps, incoming, context.raw);
  const rejected = rejectedOf(message.elements);
  await report(deps, incoming, 'validation_failed', rejected);
  const accepted = message.elements.length - rejected.length;
  if (accepted === 0 && rejected.length > 0) throw asReported(nothingTaken(rejected));
  for (const warning of message.warnings ?? []) deps.log.warn({ route, sender }, warning);
  const caller = callerKeyOf(context);
  const identities = identitiesIn(incoming, message);
  const changeIds =
    caller === undefined && identities.length === 0
      ? await deps.alertIntake.take({ message, cause: context.cause })
      : await takeOnce(deps, context, { message, caller, identities });
  if (changeIds.length > 0) deps.notifier.changes();
  return json(202, { accepted, changeIds, rejected });
}

/** Accepts a message unless its idempotency key or one of its identities shows that it has already been accepted. */
async function takeOnce(
  deps: AlertIngestDeps,
  context: Inbound,
  {
    message,
    caller,
    identities,
  }: { message: SenderMessage; caller?: CallerKey | undefined; identities: DeliveryIdentity[] },
): Promise<string[]> {
  const result = await repeatOnDeadlock(() =>
    deps.db.transaction((tx) =>
      onceByKey(tx, caller, async () => {
        const known = await claimDelivery(tx, identities, []);
        if (known !== undefined) return { changeIds: [] };
        const write = { tx, entities: deps.entities, cause: context.cause, now: deps.clock.now() };
        const [changeIds = []] = await receiveAlerts(write, [message], deps.settings.alerts);
        return { changeIds };
      }),
    ),
  );
  if (result.mismatched) reportMismatched(deps, context);
  return result.changeIds;
}

/**
 * Maximum size in bytes of a body that is checked for a handshake. Handshakes are small, and a larger body would be
 * parsed twice.
 */
const MAX_HANDSHAKE_BYTES = 16_384;

function handshakeOf({ request, raw }: Inbound): Reply | undefined {
  if (raw.length > MAX_HANDSHAKE_BYTES || !raw.includes('SubscriptionValidationEvent')) return undefined;
  const answer = bodyHandshake(request.headers, parseForeign(raw));
  return answer && { status: 200, ...answer };
}

/** Returns the identities of a message: those that its hook provides, and the delivery id that the sender assigned. */
function identitiesIn(
  { route, sender, identities = [] }: IncomingMessage,
  { deliveryId }: SenderMessage,
): DeliveryIdentity[] {
  const own = deliveryId === undefined ? [] : [{ key: deliveryKey('alert-delivery', route, sender, deliveryId) }];
  return [...identities, ...own];
}

async function readMessage(deps: AlertIngestDeps, incoming: IncomingMessage, raw: Buffer): Promise<SenderMessage> {
  try {
    return incoming.read(raw);
  } catch (error) {
    const isKnown = error instanceof FermataError || error instanceof ElementError;
    if (!isKnown) throw error;
    const refusal =
      error instanceof FermataError
        ? error
        : new FermataError('validation_failed', `The message is not valid: ${error.message}`, {
            errors: [findingOf(error.message)],
            cause: error,
          });
    await report(deps, incoming, refusal.code, [{ index: null, message: refusal.message }]);
    throw asReported(refusal);
  }
}

/**
 * Parses JSON from a third party. Invalid UTF-8 is replaced by U+FFFD, so that one invalid string does not make the
 * whole message fail.
 */
function parseForeign(raw: Buffer): unknown {
  const text = raw.toString('utf8');
  if (nestsTooDeep(text)) throw new FermataError('limit_exceeded', 'The body is nested too deeply.');
  try {
    return parseJson(text);
  } catch (cause) {
    const problem = jsonProblem(cause);
    const detail = problem === undefined ? '' : `: ${problem}`;
    throw new FermataError('malformed_body', `The body is not valid JSON${detail}`, { cause });
  }
}

const findingOf = (message: string, prefix = ''): Finding => {
  const at = /^([\w.[\]]+): (.*)$/s.exec(message);
  return { path: `${prefix}${at?.[1] ?? ''}`, message: at?.[2] ?? message, code: 'invalid' };
};

function nothingTaken(rejected: readonly RejectedElement[]): FermataError {
  const [first] = rejected;
  return new FermataError(
    'validation_failed',
    `Every element of the message was refused; element ${first?.index ?? 0}: ${first?.message ?? ''}`,
    {
      errors: rejected.slice(0, 100).map(({ index, message }) => findingOf(message, `[${index}].`)),
      data: { index: first?.index ?? 0 },
    },
  );
}

/** Logs refused elements, and reports them for metrics and `GET /deliveries/refused`. */
async function report(
  deps: AlertIngestDeps,
  { route, sender }: Pick<IncomingMessage, 'route' | 'sender'>,
  code: string,
  refused: RefusedElements['refused'],
): Promise<void> {
  if (refused.length === 0) return;
  deps.log.warn({ route, sender, code, refused: refused.length, first: refused[0] }, 'refused elements of a message');
  await reportRefused(deps, { route, sender, code, refused });
}
