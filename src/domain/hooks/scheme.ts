import { z } from 'zod';
import { AlertMapping } from './alert-mapping';
import type { HookScheme } from './scheme-names';

const HEADER = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;
const HeaderName = z.string().regex(HEADER, 'must be the name of an HTTP header');

/**
 * Settings of a hook, apart from scheme, header and secrets. Settings that are not given are taken from the scheme
 * (`expectationOf`).
 */
export const HookOptions = z.object({
  digest: z
    .enum(['sha1', 'sha256', 'sha384', 'sha512'])
    .optional()
    .describe('Hash of the HMAC; default: that of the scheme (hmac: sha256)'),
  encoding: z
    .enum(['hex', 'base64'])
    .optional()
    .describe('Encoding of the signature; default: that of the scheme (hmac: hex)'),
  prefix: z
    .string()
    .max(50)
    .optional()
    .describe('Text before each signature, such as "sha256="; default: that of the scheme (hmac: none)'),
  separator: z
    .string()
    .min(1)
    .max(5)
    .optional()
    .describe('Separator of several signatures in the header; default: that of the scheme (hmac: ",")'),
  signedText: z
    .string()
    .min(1)
    .max(200)
    .refine((text) => text.includes('{body}'), 'must contain {body}')
    .optional()
    .describe(
      'Signed text: {body}, {timestamp}, {id} (the delivery header) and {header:NAME}; default: that of the scheme (hmac: "{body}")',
    ),
  timestampHeader: HeaderName.optional().describe('Header with the Unix time of the request, checked if given'),
  toleranceSeconds: z
    .int()
    .min(1)
    .max(86_400)
    .optional()
    .describe('Tolerance of the timestamp, and how long a signature is remembered; default 300'),
  deliveryHeader: HeaderName.optional().describe('Header that identifies a delivery; repeated deliveries are ignored'),
  topics: z
    .array(z.string().max(400).startsWith('arn:'))
    .max(50)
    .optional()
    .describe('Scheme sns: ARNs of the topics that may post; messages and subscriptions of other topics are refused'),
  alert: AlertMapping.optional().describe(
    'How to read alerts from the requests; such requests do not fire automation.webhook',
  ),
  hideHeaders: z.array(HeaderName).max(50).optional().describe('Headers that automations do not see'),
});
export type HookOptions = z.infer<typeof HookOptions>;

/** How a sender signs a request. */
export interface HmacScheme {
  header: string;
  digest: NonNullable<HookOptions['digest']>;
  encoding: NonNullable<HookOptions['encoding']>;
  prefix: string;
  separator: string;
  signedText: string;
  timestampHeader?: string;
  /** Whether secrets have the form `whsec_<base64>`, where the base64 part is the key. */
  encodedSecret?: true;
}

const BODY: HmacScheme = {
  header: 'x-signature',
  ...{ digest: 'sha256', encoding: 'hex', prefix: '', separator: ',', signedText: '{body}' },
};

/**
 * Default, in seconds, of the tolerance for timestamps and of the time for which signatures are remembered: five
 * minutes.
 */
export const TOLERANCE_SECONDS = 300;

interface Preset {
  /** The signature. If absent, the header contains the secret itself. */
  hmac?: HmacScheme;
  /** Header that contains the secret. Set for schemes without a signature. */
  secretHeader?: string;
  /** Header that contains both the timestamp and the signatures: `t=<unix>,v1=<hex>`. */
  timestamped?: string;
  deliveryHeader?: string;
}

/** Settings of each scheme, with the vendor's page that documents them. */
const PRESETS: Readonly<Record<Exclude<HookScheme, 'none' | 'sns'>, Preset>> = {
  header: { secretHeader: 'x-hook-secret' },
  timestamped: { timestamped: 'x-signature' },
  hmac: { hmac: BODY },
  // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
  github: {
    hmac: { ...BODY, header: 'x-hub-signature-256', prefix: 'sha256=' },
    deliveryHeader: 'x-github-delivery',
  },
  // https://docs.gitlab.com/user/project/integrations/webhooks/ : a retry keeps its Idempotency-Key
  gitlab: { secretHeader: 'x-gitlab-token', deliveryHeader: 'idempotency-key' },
  // https://developer.pagerduty.com/docs/verifying-webhook-signatures
  pagerduty: { hmac: { ...BODY, header: 'x-pagerduty-signature', prefix: 'v1=' } },
  // https://docs.slack.dev/authentication/verifying-requests-from-slack
  slack: {
    hmac: {
      ...{ ...BODY, header: 'x-slack-signature', prefix: 'v0=', signedText: 'v0:{timestamp}:{body}' },
      timestampHeader: 'x-slack-request-timestamp',
    },
  },
  // https://docs.stripe.com/webhooks/signature
  stripe: { timestamped: 'stripe-signature' },
  // https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
  'standard-webhooks': {
    hmac: {
      ...{ ...BODY, header: 'webhook-signature', encoding: 'base64', prefix: 'v1,', separator: ' ' },
      ...{ signedText: '{id}.{timestamp}.{body}', timestampHeader: 'webhook-timestamp', encodedSecret: true },
    },
    deliveryHeader: 'webhook-id',
  },
  // https://docs.sentry.io/organization/integrations/integration-platform/webhooks/
  sentry: { hmac: { ...BODY, header: 'sentry-hook-signature' }, deliveryHeader: 'request-id' },
  // https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
  grafana: { hmac: { ...BODY, header: 'x-grafana-alerting-signature' } },
  // https://shopify.dev/docs/apps/build/webhooks/subscribe/https
  shopify: {
    hmac: { ...BODY, header: 'x-shopify-hmac-sha256', encoding: 'base64' },
    deliveryHeader: 'x-shopify-webhook-id',
  },
  // https://linear.app/developers/webhooks
  linear: { hmac: { ...BODY, header: 'linear-signature' }, deliveryHeader: 'linear-delivery' },
  // https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/
  bitbucket: { hmac: { ...BODY, header: 'x-hub-signature', prefix: 'sha256=' }, deliveryHeader: 'x-request-uuid' },
};

/** How a hook's sender is verified: by the settings of the hook, otherwise by those of its scheme. */
export interface Expectation {
  kind: 'none' | 'secret' | 'timestamped' | 'hmac' | 'sns';
  /**
   * Lower-case name of the header with the secret or the signature. Null for `none`, and for `sns`, whose signature is
   * in the body.
   */
  header: string | null;
  hmac?: HmacScheme;
  deliveryHeader?: string;
  toleranceSeconds: number;
}

/** Merges the settings of a hook with those of its scheme. */
export function expectationOf(hook: { scheme: HookScheme; header: string | null; options: HookOptions }): Expectation {
  const { scheme, options } = hook;
  const toleranceSeconds = options.toleranceSeconds ?? TOLERANCE_SECONDS;
  const own = options.deliveryHeader?.toLowerCase();
  if (scheme === 'none' || scheme === 'sns') {
    return { kind: scheme, header: null, toleranceSeconds, ...(own && { deliveryHeader: own }) };
  }
  const preset = PRESETS[scheme];
  const deliveryHeader = own ?? preset.deliveryHeader;
  const common = { toleranceSeconds, ...(deliveryHeader && { deliveryHeader }) };
  const header = hook.header?.toLowerCase();
  if (preset.hmac !== undefined) {
    const hmac = mergedHmac(preset.hmac, options, header, scheme);
    return { ...common, kind: 'hmac', header: hmac.header, hmac };
  }
  if (preset.timestamped !== undefined) {
    return { ...common, kind: 'timestamped', header: header ?? preset.timestamped };
  }
  return { ...common, kind: 'secret', header: header ?? preset.secretHeader ?? null };
}

function mergedHmac(
  base: HmacScheme,
  options: HookOptions,
  header: string | undefined,
  scheme: HookScheme,
): HmacScheme {
  const { digest, encoding, prefix, separator, signedText, timestampHeader } = options;
  const timed = timestampHeader?.toLowerCase() ?? base.timestampHeader;
  // Grafana also signs the time if a header for it is configured.
  const defaultText = scheme === 'grafana' && timestampHeader !== undefined ? '{timestamp}:{body}' : base.signedText;
  return {
    ...base,
    header: header ?? base.header,
    digest: digest ?? base.digest,
    encoding: encoding ?? base.encoding,
    prefix: prefix ?? base.prefix,
    separator: separator ?? base.separator,
    signedText: signedText ?? defaultText,
    ...(timed !== undefined && { timestampHeader: timed }),
  };
}
