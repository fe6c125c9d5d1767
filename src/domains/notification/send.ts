import { z } from 'zod';
import { appendChanges } from '../../db/change-log';
import { insertNotification } from '../../db/notifications';
import { messageOf } from '../../domain/errors';
import { maskedMessage } from '../../domain/secrets/masked-message';
import type { AnyConnectionType } from '../../integrations/connections/connection-type';
import type { CallingAction, CallOutcome } from '../../integrations/contract';
import { ProviderFailure } from '../../integrations/provider-failure';

const TIMEOUT_MS = 30_000;
const MOST_RECIPIENTS = 50;

const Text = z.string().trim().min(1);
const Config = z.strictObject({
  channel: Text.describe('A connection of a type that can notify: smtp, teams, webex, webhook'),
  to: z
    .union([z.string(), z.array(z.string()).max(MOST_RECIPIENTS)])
    .optional()
    .describe('smtp: addresses; webex: room ids or emails; teams: teamId/channelId; several as a list or with commas'),
  title: Text.max(500),
  body: z.string().max(20_000),
  importance: z.enum(['info', 'warning', 'critical']).default('info'),
  actionLabel: z.string().max(200).optional(),
  actionUrl: z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' }).optional(),
});
type Config = z.infer<typeof Config>;

const Result = z.object({
  to: z.string(),
  delivered: z.boolean(),
  id: z.string().nullable(),
  error: z.string().optional(),
});
const SendResult = z.object({ deliveredCount: z.int(), results: z.array(Result) });

function recipientsOf({ to }: Config): string[] {
  const list = typeof to === 'string' ? to.split(',') : (to ?? []);
  return [...new Set(list.map((one) => one.trim()).filter((one) => one !== ''))];
}

/** `notification.send`: to every recipient through one connection; fails when nobody could be reached. */
export function createSendAction(types: () => ReadonlyMap<string, AnyConnectionType>): CallingAction<Config> {
  return {
    id: 'send',
    displayName: 'Send notification',
    description: 'Tells people through a connection: mail, Teams, Webex or a webhook.',
    configSchema: Config,
    connectionField: 'channel',
    produces: { name: 'send_result', schema: SendResult },
    execution: 'call',
    timeoutMs: () => TIMEOUT_MS,
    async execute({ config, connection, connectionType = '', idempotencyKey, now, signal, mask }) {
      const notify = types().get(connectionType)?.notify;
      if (!notify) {
        const message = `Connections of type ${connectionType} cannot notify; use smtp, teams, webex or webhook.`;
        throw new ProviderFailure('config_invalid', message, { retryable: false });
      }
      const named = recipientsOf(config);
      if (named.length === 0 && notify.recipients === 'required') {
        throw new ProviderFailure('config_invalid', `A channel of type ${connectionType} needs "to".`, {
          retryable: false,
        });
      }
      const { title, body, importance, actionLabel, actionUrl } = config;
      const message = { title, body, importance, ...(actionLabel && { actionLabel }), ...(actionUrl && { actionUrl }) };
      const results: z.infer<typeof Result>[] = [];
      let failure: unknown;
      for (const to of named.length === 0 ? [''] : named) {
        try {
          const call = { signal, now, timeoutMs: TIMEOUT_MS, idempotencyKey: `${idempotencyKey}:${to}` };
          results.push({ to, delivered: true, id: await notify.send(connection, message, to, call) });
        } catch (error) {
          signal.throwIfAborted();
          failure ??= error;
          results.push({ to, delivered: false, id: null, error: maskedMessage(mask, messageOf(error)) });
        }
      }
      const deliveredCount = results.filter(({ delivered }) => delivered).length;
      // Who was reached is not told twice: what failed for some only stays in the result.
      if (deliveredCount === 0) throw failure;
      const artifact = { deliveredCount, results };
      return { output: artifact, artifact };
    },
    async settled({ tx, ids, config, connectionType = '', run, cause, now }, outcome) {
      const id = ids.next();
      const status = outcome.error === undefined ? 'delivered' : 'failed';
      await insertNotification(tx, {
        ...{ id, runId: run.id, connectionId: config.channel, strategy: connectionType, title: config.title, status },
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

function payloadOf(notificationId: string, strategy: string, now: Date, { durationMs, error }: CallOutcome) {
  return {
    ...{ notificationId, strategy, durationMs, timestamp: now.toISOString() },
    ...(error === undefined ? {} : { errorMessage: error }),
  };
}
