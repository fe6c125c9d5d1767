import { z } from 'zod';
import type { CallContext, CallingAction } from '../contract';
import { boundedKey, incidentKeyOf } from '../incident-key';
import { createTextLimits, type TextLimits } from '../limit-text';
import { OpsgenieConnection, type OpsgenieClient } from './client';
import { AcceptedRequest, MAX } from './connection';

const Text = z.string().trim().min(1);
const TIMEOUT_MS = 30_000;
const Alert = z.object({ alias: z.string(), requestId: z.string() });
const produces = { name: 'alert', schema: Alert, identity: ['alias'] };
const common = { connection: 'opsgenie', execution: 'call', timeoutMs: () => TIMEOUT_MS, produces } as const;

const CreateConfig = z.strictObject({
  connectionId: Text,
  message: Text,
  alias: Text.optional().describe("Default: the run's alert or incident"),
  priority: z.enum(['P1', 'P2', 'P3', 'P4', 'P5']).optional(),
  description: z.string().optional(),
  tags: z.array(Text).max(20).optional(),
  details: z.record(z.string(), z.string()).optional(),
});

/**
 * Creates the action `integration-opsgenie.create_alert`. While an alert with the same alias is open, Opsgenie only
 * increments its count, so a repeated attempt does not create another alert.
 */
export function createCreateAlert(client: OpsgenieClient): CallingAction<z.infer<typeof CreateConfig>> {
  return {
    ...common,
    id: 'create_alert',
    displayName: 'Create Opsgenie alert',
    description: 'Creates an alert, or increments the count of the open alert with the same alias.',
    configSchema: CreateConfig,
    async execute(context) {
      const { config, note } = context;
      const limit = createTextLimits('Opsgenie', note);
      const { priority } = config;
      const tags = config.tags?.map((tag) => limit('tags', tag, { characters: MAX.tag }));
      const details = config.details && limitedDetails(config.details, limit, note);
      const alias = aliasOf(context, null);
      const description =
        config.description === undefined
          ? undefined
          : limit('description', config.description, { characters: MAX.description });
      const message = limit('message', config.message, { characters: MAX.message });
      const body = { message, alias, description, priority, tags, details, source: 'Fermata' };
      return send(client, context, alias, '', body);
    },
  };
}

/**
 * Returns the details, limited to Opsgenie's maximum total length of keys and values. Details that no longer fit are
 * shortened or left out, with a note.
 */
function limitedDetails(
  details: Readonly<Record<string, string>>,
  limit: TextLimits,
  note: (text: string) => void,
): Record<string, string> {
  const kept: Record<string, string> = {};
  const left: string[] = [];
  let room: number = MAX.details;
  for (const [key, value] of Object.entries(details)) {
    if (key.length >= room) {
      left.push(key);
      continue;
    }
    const text = limit(`details.${key}`, value, { characters: room - key.length });
    kept[key] = text;
    room -= key.length + text.length;
  }
  if (left.length > 0) {
    note(`details.${left.join(', details.')} left out: Opsgenie accepts at most ${MAX.details} characters of details.`);
  }
  return kept;
}

const ChangeConfig = z.strictObject({
  connectionId: Text,
  alias: Text.optional().describe("Default: the alert of an earlier step, else the run's alert or incident"),
  note: z.string().optional(),
});

const CHANGES = {
  close_alert: { path: 'close', displayName: 'Close Opsgenie alert', description: 'Closes the alert with an alias.' },
  acknowledge: {
    ...{ path: 'acknowledge', displayName: 'Acknowledge Opsgenie alert' },
    description: 'Acknowledges the alert with an alias.',
  },
} as const;

/**
 * Creates the action `integration-opsgenie.close_alert` or `integration-opsgenie.acknowledge`. A repeated attempt
 * changes nothing.
 */
export function createChange(
  client: OpsgenieClient,
  id: keyof typeof CHANGES,
): CallingAction<z.infer<typeof ChangeConfig>> {
  const { path, displayName, description } = CHANGES[id];
  return {
    ...common,
    ...{ id, displayName, description, configSchema: ChangeConfig },
    consumes: 'integration-opsgenie.alert',
    async execute(context) {
      const { config, consumed, note } = context;
      const limit = createTextLimits('Opsgenie', note);
      const text = config.note === undefined ? undefined : limit('note', config.note, { characters: MAX.note });
      const result = await send(client, context, aliasOf(context, consumed), path, { note: text, source: 'Fermata' });
      return { ...result, closesConsumed: id === 'close_alert' };
    },
  };
}

const NoteConfig = z.strictObject({ connectionId: Text, alias: Text.optional(), note: Text });

/**
 * Creates the action `integration-opsgenie.add_note`. Opsgenie has no idempotency keys for notes, so a note may appear
 * twice after a crash between the call and the commit.
 */
export function createAddNote(client: OpsgenieClient): CallingAction<z.infer<typeof NoteConfig>> {
  return {
    ...common,
    id: 'add_note',
    displayName: 'Add Opsgenie note',
    description: 'Adds a note to the alert with an alias.',
    configSchema: NoteConfig,
    consumes: 'integration-opsgenie.alert',
    async execute(context) {
      const { config, consumed, note } = context;
      const text = createTextLimits('Opsgenie', note)('note', config.note, { characters: MAX.note });
      return send(client, context, aliasOf(context, consumed), 'notes', { note: text, source: 'Fermata' });
    },
  };
}

type Context = CallContext<{ alias?: string | undefined }>;

async function send(
  client: OpsgenieClient,
  { connection, now, signal, timeoutMs }: Context,
  alias: string,
  change: string,
  body: unknown,
) {
  const path = change === '' ? '' : `/${encodeURIComponent(alias)}/${change}?identifierType=alias`;
  const account = OpsgenieConnection.parse(connection);
  const call = { now, signal, timeoutMs };
  const { requestId } = await client(account, call, { method: 'POST', path, body }, AcceptedRequest);
  const artifact = { alias, requestId };
  return { output: artifact, artifact };
}

function aliasOf({ config, scope, run, idempotencyKey }: Context, consumed: Record<string, unknown> | null): string {
  const earlier = consumed?.['alias'];
  const { trigger, artifacts } = scope;
  const subject = () => incidentKeyOf({ trigger, artifacts, contextKey: run.contextKey, idempotencyKey });
  return boundedKey(config.alias ?? (typeof earlier === 'string' ? earlier : subject()), MAX.alias);
}
