/** How a hook verifies its sender. */
export const HOOK_SCHEMES = [
  'header',
  'timestamped',
  'hmac',
  'github',
  'gitlab',
  'pagerduty',
  'slack',
  'stripe',
  'standard-webhooks',
  'sentry',
  'grafana',
  'shopify',
  'linear',
  'bitbucket',
  'sns',
  'none',
] as const;

export type HookScheme = (typeof HOOK_SCHEMES)[number];
