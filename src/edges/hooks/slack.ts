import { z } from 'zod';
import { appendChanges, type NewEvent } from '../../db/change-log';
import { claimDelivery, deliveryKey } from '../../db/claim-deliveries';
import { toStorable } from '../../domain/entities/storable';
import { parseJson } from '../../domain/exact-json';
import { FermataError } from '../../domain/errors';
import type { DomainWrite } from '../../domains/domain-write';

const Id = z.string().optional();
const Challenge = z.looseObject({ type: z.literal('url_verification'), challenge: z.string().max(1_000) });
const Callback = z.looseObject({
  type: z.literal('event_callback'),
  event_id: z.string().max(200),
  team_id: Id,
  // The installations that receive the event: https://docs.slack.dev/apis/events-api/#authorizations
  authorizations: z.array(z.looseObject({ user_id: Id, is_bot: z.boolean().optional() })).nullish(),
  event: z.looseObject({
    type: z.string(),
    channel: z.unknown().optional(),
    user: z.unknown().optional(),
    text: z.string().nullish(),
    ts: z.string().nullish(),
    bot_id: z.string().nullish(),
    // Present for message_changed and message_deleted.
    message: z.looseObject({ bot_id: z.string().nullish() }).nullish(),
    previous_message: z.looseObject({ bot_id: z.string().nullish() }).nullish(),
    // The object of a reaction, pin or star.
    item: z.looseObject({ channel: z.string().nullish(), ts: z.string().nullish() }).nullish(),
  }),
});
type Callback = z.infer<typeof Callback>;
const Command = z.looseObject({
  command: z.string(),
  text: z.string().default(''),
  team_id: Id,
  channel_id: Id,
  user_id: Id,
});
const Interaction = z.looseObject({
  type: z.literal('block_actions'),
  team: z.looseObject({ id: z.string() }).nullish(),
  user: z.looseObject({ id: z.string() }),
  channel: z.looseObject({ id: z.string() }).nullish(),
  message: z.looseObject({ ts: z.string() }).nullish(),
  container: z.looseObject({ message_ts: Id, channel_id: Id }).nullish(),
  actions: z.array(
    z.looseObject({
      action_id: z.string(),
      value: z.string().nullish(),
      selected_option: z.looseObject({ value: z.string() }).nullish(),
      selected_user: z.string().nullish(),
      selected_channel: z.string().nullish(),
      selected_conversation: z.string().nullish(),
      selected_date: z.string().nullish(),
      selected_time: z.string().nullish(),
    }),
  ),
});
type Interaction = z.infer<typeof Interaction>;

/** The content of a request from Slack, and the response to it. */
export type SlackDelivery =
  | { kind: 'challenge'; challenge: string }
  | { kind: 'events'; events: { event: string; payload: Record<string, unknown> }[]; eventId?: string; reply?: string };

/**
 * Reads a request from Slack: https://docs.slack.dev/apis/events-api, /interactivity/implementing-slash-commands and
 * /reference/interaction-payloads/block_actions-payload. Bot messages and actions of the app's own bot are left out,
 * because an automation that responds to them would trigger itself.
 * @throws {FermataError} `malformed_body`
 */
export function readSlackDelivery(text: string, isForm: boolean): SlackDelivery {
  if (isForm) return readForm(new URLSearchParams(text));
  const json = jsonOf(text);
  const challenge = Challenge.safeParse(json);
  if (challenge.success) return { kind: 'challenge', challenge: challenge.data.challenge };
  const callback = Callback.safeParse(json);
  // Other requests contain no event, for example app_rate_limited:
  // https://docs.slack.dev/reference/events/app_rate_limited
  if (!callback.success) return { kind: 'events', events: [] };
  const { event_id: eventId, team_id: teamId = null, event } = callback.data;
  if (isOfBot(callback.data)) return { kind: 'events', events: [], eventId };
  const payload = {
    ...{ type: event.type, teamId, channel: idOf(event.channel) ?? event.item?.channel ?? null },
    ...{ user: idOf(event.user), text: event.text ?? null, ts: event.ts ?? event.item?.ts ?? null, event },
  };
  return { kind: 'events', events: [{ event: 'slack.event', payload }], eventId };
}

/** Returns whether a bot wrote the message, or the app's own bot user caused the event. */
function isOfBot({ event, authorizations }: Callback): boolean {
  const bots = [event.bot_id, event.message?.bot_id, event.previous_message?.bot_id];
  if (bots.some((id) => typeof id === 'string')) return true;
  const user = idOf(event.user);
  return (authorizations ?? []).some(({ user_id: id, is_bot: isBot }) => isBot === true && id === user);
}

function readForm(form: URLSearchParams): SlackDelivery {
  const interaction = form.get('payload');
  if (interaction !== null) return readInteraction(jsonOf(interaction));
  // Slack occasionally checks the certificate: https://docs.slack.dev/interactivity/implementing-slash-commands
  if (form.get('ssl_check') === '1') return { kind: 'events', events: [] };
  const command = Command.safeParse(Object.fromEntries(form));
  if (!command.success) throw malformed();
  const {
    command: name,
    text,
    team_id: teamId = null,
    channel_id: channel = null,
    user_id: user = null,
  } = command.data;
  const payload = { command: name, text, teamId, channel, user };
  return { kind: 'events', events: [{ event: 'slack.command', payload }], reply: `Accepted: ${name} ${text}`.trim() };
}

/**
 * Reads clicks on buttons and menus in messages. Other interactions, such as shortcuts and modals, are accepted and
 * ignored.
 */
function readInteraction(json: unknown): SlackDelivery {
  const interaction = Interaction.safeParse(json);
  if (!interaction.success) return { kind: 'events', events: [] };
  const { team, user, channel, message, container, actions } = interaction.data;
  const where = {
    ...{ teamId: team?.id ?? null, channel: channel?.id ?? container?.channel_id ?? null, user: user.id },
    ts: message?.ts ?? container?.message_ts ?? null,
  };
  const events = actions.map((action) => ({
    event: 'slack.button',
    payload: { ...where, actionId: action.action_id, value: chosenValue(action) },
  }));
  return { kind: 'events', events };
}

const chosenValue = (action: Interaction['actions'][number]): string | null =>
  action.value ??
  action.selected_option?.value ??
  action.selected_user ??
  action.selected_channel ??
  action.selected_conversation ??
  action.selected_date ??
  action.selected_time ??
  null;

/**
 * Appends the events of a delivery once. If a delivery is not acknowledged within three seconds, Slack repeats it with
 * the same event id and a new signature (https://docs.slack.dev/apis/events-api/#retries). Forms have no event id, so a
 * copy of a form is recognised by its signature.
 */
export async function receiveSlack(
  { tx, entities, cause, now }: DomainWrite,
  connectionId: string,
  { events, eventId }: Extract<SlackDelivery, { kind: 'events' }>,
  signedHash: string | null,
): Promise<void> {
  const appended: (NewEvent & { changeId: string })[] = events.map(({ event, payload }) => ({
    ...{ changeId: entities.ids.next(), kind: 'slack', id: connectionId, event, occurredAt: now },
    payload: toStorable({ connectionId, ...payload }),
    contextKey: typeof payload['channel'] === 'string' ? payload['channel'] : null,
    cause: { ...cause, actor: { type: 'service', id: `slack:${connectionId}` } },
  }));
  if (appended.length === 0) return;
  const identity = eventId === undefined ? `signature:${signedHash ?? ''}` : `event:${eventId}`;
  const key = deliveryKey('slack', connectionId, identity);
  const known = await claimDelivery(
    tx,
    [{ key }],
    appended.map(({ changeId }) => changeId),
  );
  if (known === undefined) await appendChanges(tx, appended);
}

/** Returns the id of a channel or user, or null. Slack sends an id, or an object if the channel or user is new. */
function idOf(value: unknown): string | null {
  const id = typeof value === 'object' && value !== null ? (value as { id?: unknown }).id : value;
  return typeof id === 'string' ? id : null;
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    throw malformed();
  }
}

const malformed = () => new FermataError('malformed_body', 'The body is not in a format that Slack sends.');
