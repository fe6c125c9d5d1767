import { shownHeaders } from './receive';

const expected = { kind: 'secret', header: 'x-hub-value', toleranceSeconds: 300 } as const;
const shown = (name: string, hideHeaders: string[] = []) =>
  Object.keys(shownHeaders({ headers: { [name.toLowerCase()]: 'x' }, expected, hideHeaders }));

it.each([
  ...['Authorization', 'Proxy-Authorization', 'X-Authorization', 'X-Serverless-Authorization', 'Authentication'],
  ...['Cookie', 'Set-Cookie', 'X-Auth', 'X-Basic-Auth', 'X-Bearer', 'X-Credentials', 'X-Jwt', 'DPoP'],
  ...['X-Gitlab-Token', 'X-Client-Secret', 'X-Password', 'X-Hub-Signature-256', 'X-Shopify-Hmac-Sha256'],
  ...['Cf-Access-Jwt-Assertion', 'X-Goog-Iap-Jwt-Assertion', 'X-Amzn-Oidc-Data', 'X-Amzn-Oidc-Accesstoken'],
  ...['X-Api-Key', 'X-Api_Key', 'X-ApiKey', 'X-Auth-Key', 'X-Access-Key', 'X-Functions-Key'],
  ...['Ocp-Apim-Subscription-Key', 'X-Hub-Value'],
])('hides %s from automations', (name) => {
  expect(shown(name)).toEqual([]);
});

it.each([
  ...['X-GitHub-Event', 'X-GitHub-Delivery', 'X-Gitlab-Event', 'X-Gitlab-Event-UUID', 'X-Event-Key', 'X-Hook-UUID'],
  ...['X-Shopify-Topic', 'Sentry-Hook-Resource', 'Linear-Event', 'Idempotency-Key', 'Webhook-Id', 'Content-Type'],
  ...['X-Amzn-Trace-Id', 'X-Goog-Authenticated-User-Email', 'X-Author', 'User-Agent', 'X-Request-Id', 'Ce-Subject'],
])('shows %s to automations, unless the hook hides it', (name) => {
  expect(shown(name)).toEqual([name.toLowerCase()]);
  expect(shown(name, [name.toLowerCase()])).toEqual([]);
});
