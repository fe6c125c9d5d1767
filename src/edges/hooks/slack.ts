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
  event: z.looseObject({
    type: z.string(),
    channel: z.unknown().optional(),
    user: z.unknown().optional(),
    text: Id,
    ts: Id,
    bot_id: Id,
  }),
});
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
  actions: z.array(
    z.looseObject({
      action_id: z.string(),
      value: Id,
      selected_option: z.looseObject({ value: z.string() }).nullish(),
    }),
  ),
});

/** What a request of Slack says, and how it is answered. */
export type SlackDelivery =
  | { kind: 'challenge'; challenge: string }
  | { kind: 'events'; events: { event: string; payload: Record<string, unknown> }[]; eventId?: string; reply?: string };

/**
 * Reads a request of Slack: https://docs.slack.dev/apis/events-api, /interactivity/implementing-slash-commands and
 * /reference/interaction-payloads/block_actions-payload. Messages of bots are left out: answering them would not end.
 * @throws {FermataError} `malformed_body`
 */
export function readSlackDelivery(text: string, isForm: boolean): SlackDelivery {
  if (isForm) return readForm(new URLSearchParams(text));
  const json = jsonOf(text);
  const challenge = Challenge.safeParse(json);
  if (challenge.success) return { kind: 'challenge', challenge: challenge.data.challenge };
  const callback = Callback.safeParse(json);
  if (!callback.success) return { kind: 'events', events: [] };
  const { event_id: eventId, team_id: teamId = null, event } = callback.data;
  if (event.bot_id !== undefined) return { kind: 'events', events: [], eventId };
  const payload = {
    ...{ type: event.type, teamId, channel: idOf(event.channel), user: idOf(event.user) },
    ...{ text: event.text ?? null, ts: event.ts ?? null, event },
  };
  return { kind: 'events', events: [{ event: 'slack.event', payload }], eventId };
}

function readForm(form: URLSearchParams): SlackDelivery {
  const given = form.get('payload');
  if (given === null) {
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
    const reply = `Accepted: ${name} ${text}`.trim();
    return { kind: 'events', events: [{ event: 'slack.command', payload }], reply };
  }
  const interaction = Interaction.safeParse(jsonOf(given));
  if (!interaction.success) return { kind: 'events', events: [] };
  const { team, user, channel, message, actions } = interaction.data;
  const where = { teamId: team?.id ?? null, channel: channel?.id ?? null, user: user.id, ts: message?.ts ?? null };
  return {
    kind: 'events',
    events: actions.map(({ action_id: actionId, value, selected_option: option }) => ({
      event: 'slack.button',
      payload: { ...where, actionId, value: value ?? option?.value ?? null },
    })),
  };
}

/** Appends the events of a delivery, once: Slack repeats what is not answered within three seconds. */
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

/** Slack gives channels and users as ids, or as objects where they are new. */
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

const malformed = () => new FermataError('malformed_body', 'The body is none that Slack sends.');
