// An OpenID Connect provider for tests, in its own process: oidc-provider with an in-memory store. Its parent sends
// `{ accounts }` to replace the accounts, each with its claims, and receives `{ issuer }` when it listens.
// usage: node identity-provider-process.mjs OPTIONS, where OPTIONS is JSON: { redirectUris, claimsInIdToken? }
import { createHash, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const { redirectUris, claimsInIdToken = false } = JSON.parse(process.argv[2] ?? '{}');
let accounts = {};
process.on('message', (message) => {
  accounts = message.accounts;
  process.send?.({ accepted: true });
});
process.on('disconnect', () => process.exit());

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const client = (client_id, more = {}) => ({
  client_id,
  client_secret: `secret-of-${client_id}`,
  redirect_uris: redirectUris,
  response_types: ['code'],
  grant_types: ['authorization_code'],
  ...more,
});
const server = createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    client('console'),
    client('refreshing', { grant_types: ['authorization_code', 'refresh_token'] }),
    client('steady', { grant_types: ['authorization_code', 'refresh_token'] }),
    client('public', { client_secret: undefined, token_endpoint_auth_method: 'none' }),
    client('other'),
  ],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'first', use: 'sig', alg: 'RS256' }] },
  claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'groups'], email: ['email'] },
  conformIdTokenClaims: !claimsInIdToken,
  cookies: { keys: ['of the tests'] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
  issueRefreshToken: (_context, { clientId }) => clientId === 'refreshing' || clientId === 'steady',
  rotateRefreshToken: ({ oidc }) => oidc.client.clientId === 'refreshing',
  findAccount: (_context, id) =>
    Object.hasOwn(accounts, id) ? { accountId: id, claims: () => ({ sub: id, ...accounts[id] }) } : undefined,
  // Every client may have all scopes, so the provider never shows a page for consent.
  async loadExistingGrant({ oidc }) {
    const grant = new provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope('openid profile email offline_access');
    await grant.save();
    return grant;
  },
});
provider.on('server_error', (_context, error) => console.error(error));

const style = 'body{font:16px sans-serif;margin:4em}';
const styleHash = createHash('sha256').update(style).digest('base64');
const answer = provider.callback();
server.on('request', async (request, response) => {
  const [, uid, action, user] = /^\/interaction\/([\w-]+)(?:\/(login|cancel)(?:\/([\w-]+))?)?$/.exec(request.url) ?? [];
  if (uid === undefined) return answer(request, response);
  try {
    if (action === undefined) {
      const links = Object.keys(accounts).map((id) => `<p><a href="/interaction/${uid}/login/${id}">${id}</a></p>`);
      response.writeHead(200, {
        'Content-Type': 'text/html',
        'Content-Security-Policy': `style-src 'sha256-${styleHash}'`,
      });
      response.end(
        `<!doctype html><title>Provider</title><style>${style}</style><h1>Sign in at the provider</h1>${links.join('')}<p><a href="/interaction/${uid}/cancel">Cancel</a></p>`,
      );
      return;
    }
    const result =
      action === 'login'
        ? { login: { accountId: user, remember: false } }
        : { error: 'access_denied', error_description: 'Call +1 555 0100 to get access' };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  } catch (error) {
    response.writeHead(400).end(String(error));
  }
});
process.send?.({ issuer });
