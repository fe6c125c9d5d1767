import { millisecondsOf } from '../../domain/definition/duration';
import { z } from 'zod';
import { headerProblem, isForbiddenHeader, isHeaderName } from './header-rules';

/** Returns the schema of a string field that may be a reference to a secret, `${{ secrets.NAME }}`. */
const secret = (description: string) => z.string().min(1).optional().meta({ 'x-secret': true, description });

const HeaderName = z
  .string()
  .refine(isHeaderName, 'must be the name of an HTTP header')
  .refine((name) => !isForbiddenHeader(name), 'is a header that belongs to the connection and cannot be set');

const CustomHeader = z.strictObject({
  name: HeaderName,
  value: z.string().superRefine((value, context) => {
    const problem = headerProblem(value);
    if (problem !== null) context.addIssue(problem);
  }),
});

/** The required fields of each type of authentication. */
const REQUIRED = {
  none: [],
  bearer: ['bearerToken'],
  basic: ['basicUsername', 'basicPassword'],
  header: ['authHeaderName', 'authHeaderValue'],
} as const;

const QueryValue = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const Fields = z.strictObject({
  url: z
    .string()
    .superRefine((text, context) => {
      const problem = urlProblem(text);
      if (problem !== null) context.addIssue(problem);
    })
    .meta({ format: 'uri', 'x-secret': true, description: 'Address to send to: http or https' }),
  query: z
    .record(z.string(), z.union([QueryValue, z.array(QueryValue)]))
    .optional()
    .meta({
      'x-secret': true,
      description: 'Parameters that are encoded and added to the URL; a list repeats its parameter',
    }),
  method: z.enum(['POST', 'PUT', 'PATCH', 'GET', 'DELETE']).default('POST'),
  contentType: z.enum(['json', 'form', 'text']).default('json'),
  authType: z
    .enum(['none', 'bearer', 'basic', 'header'])
    .optional()
    .meta({ description: 'Default: derived from the given fields; `none` without any' }),
  bearerToken: secret('Token of authType bearer'),
  basicUsername: z
    .string()
    .min(1)
    .refine((name) => !name.includes(':'), 'must not contain a colon')
    .optional()
    .meta({ description: 'User for authType basic' }),
  basicPassword: secret('Password of authType basic'),
  authHeaderName: HeaderName.optional().meta({ description: 'Name of the header for authType header, e.g. X-Api-Key' }),
  authHeaderValue: secret('Value of that header'),
  customHeaders: z.array(CustomHeader).max(100).default([]).meta({
    'x-secret': true,
    description:
      'Additional headers; like credentials, most of them are not sent when a redirect leads to another origin',
  }),
  body: z
    .union([z.string(), z.number(), z.boolean(), z.array(z.unknown()), z.record(z.string(), z.unknown())], {
      error: 'must be a string or an object',
    })
    .optional()
    .meta({ 'x-secret': true, description: 'A string, or an object that is sent as JSON or as form fields' }),
  timeout: millisecondsOf(1, 300_000, 5_000)
    .optional()
    .describe(
      'Time limit of one attempt: "10s", {seconds: 10} or milliseconds; default 5000, unless the step sets timeout_seconds',
    ),
  retryOnStatus: z
    .array(z.int().min(100).max(599))
    .default([])
    .meta({ description: 'Statuses to retry in addition to 408, 425, 429 and 5xx' }),
  signingSecret: secret('Signs timestamp + "." + body: X-Fermata-Timestamp, X-Fermata-Signature: sha256=<hex HMAC>'),
});

/** Configuration of `integration-webhook.send`. */
export const WebhookConfig = Fields.superRefine((config, context) => {
  const authType = authTypeOf(config);
  for (const field of REQUIRED[authType]) {
    if (config[field] !== undefined) continue;
    context.addIssue({ code: 'custom', path: [field], message: `is required by authType ${authType}` });
  }
  for (const [other, fields] of Object.entries(REQUIRED)) {
    for (const field of other === authType ? [] : fields) {
      if (config[field] === undefined) continue;
      const message = `${field} belongs to authType ${other} and is not sent with authType ${authType}`;
      context.addIssue({ code: 'custom', path: [field], message });
    }
  }
  if (config.contentType === 'form' && Array.isArray(config.body)) {
    context.addIssue({
      code: 'custom',
      path: ['body'],
      message: 'must be an object or a string to be sent as form fields',
    });
  }
});
export type WebhookConfig = z.infer<typeof WebhookConfig>;

/**
 * Returns the configured type of authentication. Default: the first type for which a field is set, otherwise `none`.
 */
export function authTypeOf(
  config: Pick<z.infer<typeof Fields>, 'authType' | (typeof REQUIRED)['bearer' | 'basic' | 'header'][number]>,
): keyof typeof REQUIRED {
  if (config.authType !== undefined) return config.authType;
  const types = ['bearer', 'basic', 'header'] as const;
  return types.find((type) => REQUIRED[type].some((field) => config[field] !== undefined)) ?? 'none';
}

function urlProblem(text: string): string | null {
  if (!URL.canParse(text)) return 'must be an http(s) URL';
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must be an http(s) URL';
  const hasUser = url.username !== '' || url.password !== '';
  return hasUser ? 'must not contain a user name or password: use authType basic' : null;
}
