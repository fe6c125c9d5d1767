import { z } from 'zod';
import { appendChanges } from '../../db/change-log';
import { insertNotification } from '../../db/notifications';
import type { AnyConnectionType } from '../../integrations/connections/connection-type';
import type { CallingAction, CallOutcome } from '../../integrations/contract';
import { ProviderFailure } from '../../integrations/provider-failure';
import { DeliveryResult, sendToRecipients } from './recipients';
import { suppressionOf } from './suppression';

const TIMEOUT_MS = 30_000;
const MAX_RECIPIENTS = 50;

const Text = z.string().trim().min(1);
const Config = z.strictObject({
  channel: Text.describe(
    'Id or name of a connection that can notify, such as one of type smtp, slack, teams or webhook',
  ),
  to: z
    .union([z.string(), z.array(z.string()).max(MAX_RECIPIENTS)])
    .optional()
    .describe(
      'Recipients, as a list or separated by commas. smtp: addresses; slack: channels or users; webex: room ids or emails; teams: none',
    ),
  title: Text,
  body: z.string(),
  importance: z.enum(['info', 'warning', 'critical']).default('info'),
  actionLabel: z.string().max(200).optional(),
  actionUrl: z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' }).optional(),
  replaceKey: Text.optional().describe(
    'A later notification with the same key replaces this one: slack edits the message, pagerduty and opsgenie update the incident or alert. Others send a new message',
  ),
  ignoreSuppression: z
    .boolean()
    .default(false)
    .describe('Send even if an open incident or a running maintenance suppresses notifications of the system'),
});
type Config = z.infer<typeof Config>;

const SendResult = z.object({
  deliveredCount: z.int(),
  results: z.array(DeliveryResult),
  suppressed: z
    .object({ by: z.enum(['incident', 'maintenance']), id: z.string() })
    .optional()
    .describe(
      'The incident or maintenance that suppresses notifications of the system; set when nothing was sent because of it',
    ),
});

function recipientsOf({ to }: Config): string[] {
  const list = typeof to === 'string' ? to.split(',') : (to ?? []);
  return [...new Set(list.map((one) => one.trim()).filter((one) => one !== ''))];
}

/**
 * Creates `notification.send`, which sends a message to every recipient through one connection. A retry sends only to
 * recipients that have not been reached yet. Each recipient has a separate idempotency key. The step fails when a
 * recipient has not been reached after the last attempt.
 */
export function createSendAction(types: () => ReadonlyMap<string, AnyConnectionType>): CallingAction<Config> {
  return {
    id: 'send',
    displayName: 'Send notification',
    description: 'Notifies people through a connection: mail, Slack, Teams, Webex, a webhook and others.',
    configSchema: Config,
    connectionField: 'channel',
    produces: { name: 'send_result', schema: SendResult },
    execution: 'call',
    timeoutMs: () => TIMEOUT_MS,
    async before({ db, config, scope, run, now }) {
      if (config.ignoreSuppression) return null;
      const suppressed = await suppressionOf(db, run.contextKey, scope.trigger, now);
      if (suppressed === null) return null;
      const artifact = { deliveredCount: 0, results: [], suppressed };
      return { output: artifact, artifact };
    },
    async execute(context) {
      const { config, connectionType = '' } = context;
      const { title, body, importance, actionLabel, actionUrl, replaceKey } = config;
      const message = {
        ...{ title, body, importance },
        ...(actionLabel && { actionLabel }),
        ...(actionUrl && { actionUrl }),
        ...(replaceKey !== undefined && { replaceKey }),
      };
      const results = await sendToRecipients(context, {
        notify: channelOf(types(), connectionType, recipientsOf(config)),
        recipients: recipientsOf(config),
        message,
      });
      const artifact = { deliveredCount: results.filter(({ ok }) => ok).length, results };
      return { output: artifact, artifact };
    },
    async settled({ tx, ids, config, connectionType = '', connectionId = config.channel, run, cause, now }, outcome) {
      if (outcome.answeredBefore) return;
      const id = ids.next();
      const status = outcome.error === undefined ? 'delivered' : 'failed';
      await insertNotification(tx, {
        ...{ id, runId: run.id, connectionId, strategy: connectionType, title: config.title, status },
        ...{ recipients: recipientsOf(config), importance: config.importance, durationMs: outcome.durationMs },
        ...{ errorMessage: outcome.error ?? null, createdAt: now },
      });
      await appendChanges(tx, [
        {
          ...{ kind: 'notification', id, occurredAt: now, cause, event: `notification.${status}`, contextKey: id },
          payload: payloadOf(id, connectionType, now, outcome),
        },
      ]);
    },
  };
}

/**
 * Returns the channel of a connection.
 * @throws {ProviderFailure} `config_invalid` when the connection cannot notify, or needs recipients and has none
 */
function channelOf(types: ReadonlyMap<string, AnyConnectionType>, connectionType: string, recipients: string[]) {
  const notify = types.get(connectionType)?.notify;
  if (!notify) {
    const able = [...types.values()].flatMap((type) => (type.notify ? [type.id] : [])).sort();
    const message = `Connections of type ${connectionType} cannot notify; use one of ${able.join(', ')}.`;
    throw new ProviderFailure('config_invalid', message, { retryable: false });
  }
  if (recipients.length === 0 && notify.recipients === 'required') {
    throw new ProviderFailure('config_invalid', `A channel of type ${connectionType} needs "to".`, {
      retryable: false,
    });
  }
  return notify;
}

function payloadOf(notificationId: string, strategy: string, now: Date, { durationMs, error }: CallOutcome) {
  return {
    ...{ notificationId, strategy, durationMs, timestamp: now.toISOString() },
    ...(error === undefined ? {} : { errorMessage: error }),
  };
}
