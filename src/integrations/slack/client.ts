import { z } from 'zod';
import type { Egress } from '../../edges/egress/egress';
import { BaseUrl } from '../connections/base-url';
import type { ConnectionCall } from '../connections/connection-type';
import { ProviderFailure } from '../provider-failure';
import { createVendorClient } from '../vendor-client';

/** Credentials of a Slack app with a bot user. */
export const SlackConnection = z.strictObject({
  botToken: z.string().min(1).max(10_000).meta({ 'x-secret': true }).describe('Starts with xoxb-'),
  signingSecret: z
    .string()
    .min(1)
    .max(1_000)
    .meta({ 'x-secret': true })
    .optional()
    .describe('Verifies requests of Slack to /hooks/slack/{connection}'),
  baseUrl: BaseUrl.default('https://slack.com'),
});
export type SlackConnection = z.infer<typeof SlackConnection>;

/**
 * Calls a method of the Web API.
 * @throws {ProviderFailure} with Slack's error code
 */
export type SlackClient = <T extends z.ZodType>(
  config: SlackConnection,
  call: ConnectionCall,
  method: string,
  /** Arguments, sent as JSON, or as a form for methods that do not accept JSON. */
  args: { json: Record<string, unknown> } | { form: Record<string, string> },
  answer: T,
) => Promise<z.output<T>>;

/** Temporary errors: https://docs.slack.dev/reference/methods/chat.postMessage#errors */
const PASSING: ReadonlySet<string> = new Set([
  'fatal_error',
  'internal_error',
  'ratelimited',
  'rate_limited',
  'request_timeout',
  'service_unavailable',
]);

/** Advice for frequent errors, by Slack's error code. */
const ADVICE: Readonly<Record<string, string>> = {
  not_in_channel: 'invite the bot to the channel',
  channel_not_found: 'the channel does not exist, or is private and the bot is not in it',
  missing_scope: 'add the scope to the app and install it again',
  invalid_auth: 'the token is wrong or was revoked',
  is_archived: 'the channel is archived',
};

const Envelope = z.looseObject({ ok: z.boolean(), error: z.string().optional(), needed: z.string().optional() });

/** A failure with Slack's error code. */
export class SlackFailure extends ProviderFailure {
  constructor(
    readonly slackCode: string,
    message: string,
    retryable: boolean,
  ) {
    super('provider_failed', message, { retryable });
  }
}

/** Creates a client of the Web API below `/api`. */
export function createSlackClient(egress: Egress): SlackClient {
  const send = createVendorClient(egress, { name: 'Slack', explain: (json) => Envelope.safeParse(json).data?.error });
  return async (config, call, method, args, answer) => {
    const isForm = 'form' in args;
    const { body } = await send(
      call,
      {
        method: 'POST',
        url: `${config.baseUrl}/api/${method}`,
        headers: {
          Authorization: `Bearer ${config.botToken}`,
          'Content-Type': isForm ? 'application/x-www-form-urlencoded' : 'application/json; charset=utf-8',
        },
        body: isForm ? new URLSearchParams(args.form).toString() : args.json,
      },
      Envelope,
    );
    if (!body.ok) throw failureOf(method, body);
    const parsed = answer.safeParse(body);
    if (parsed.success) return parsed.data;
    throw new ProviderFailure('provider_failed', `Slack's response to ${method} has an unexpected format.`, {
      retryable: false,
      cause: parsed.error,
    });
  };
}

function failureOf(method: string, { error = 'unknown_error', needed }: z.infer<typeof Envelope>): SlackFailure {
  const advice = ADVICE[error];
  const scope = needed === undefined ? '' : ` (${needed})`;
  const text = advice === undefined ? '' : `: ${advice}`;
  return new SlackFailure(error, `Slack answered ${error}${scope} to ${method}${text}.`, PASSING.has(error));
}
