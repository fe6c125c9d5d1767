import { generateKeyPairSync } from 'node:crypto';
import { startFalseProvider, type FalseProvider } from '../support/false-provider';
import { oidcBrowser, oidcSettings } from '../support/oidc-browser';
import { startApiHarness, type Answer, type ApiHarness } from './api-harness';

let provider: FalseProvider;
let api: ApiHarness;
beforeAll(async () => {
  provider = await startFalseProvider();
  api = await startApiHarness({ trustedProxies: ['127.0.0.1'] }, { oidc: oidcSettings(provider.issuer) });
});
afterAll(async () => {
  await api.end();
  provider.close();
});

// Each test uses its own address, because failed attempts are limited.
let address = 0;
beforeEach(() => {
  address += 1;
  provider.reset();
});

/** Signs in at the false provider. */
async function signIn(to = api): Promise<Answer> {
  const browser = oidcBrowser(to);
  const headers = { 'X-Forwarded-For': `203.0.113.${address}` };
  const started = await browser.call('POST', '/session/oidc', {}, headers);
  if (started.status !== 200) return started;
  const { searchParams } = new URL(String(started.body['url']));
  provider.nonce = searchParams.get('nonce') ?? '';
  const response = `code=a-code&state=${searchParams.get('state') ?? ''}`;
  return browser.call('POST', '/session', { oidc: { response } }, headers);
}

/** Signs in with an API that has just been started, so it reads the discovery document again. */
async function signInAnew(more: Parameters<typeof oidcSettings>[1] = {}): Promise<Answer> {
  const other = await startApiHarness({}, { oidc: oidcSettings(provider.issuer, more) });
  const answer = await signIn(other);
  await other.end();
  return answer;
}

const seconds = () => Math.floor(Date.now() / 1000);
const refused = (answer: Answer, detail: RegExp) =>
  expect([answer.status, answer.body['code'], answer.body['detail']]).toEqual([
    ...[401, 'unauthorized', expect.stringMatching(detail)],
  ]);
const unavailable = (answer: Answer, detail: RegExp) =>
  expect([answer.status, answer.body['code'], answer.body['detail']]).toEqual([
    ...[503, 'sign_in_unavailable', expect.stringMatching(detail)],
  ]);

it('accepts a correct ID token', async () => {
  expect(await signIn()).toMatchObject({ status: 201, body: { name: 'ada', roles: ['operator'] } });
});

describe('an ID token is refused', () => {
  it('if it is not signed (alg none)', async () => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    provider.behaviour.idToken = (claims) => `${part({ alg: 'none' })}.${part(claims)}.`;
    refused(await signIn(), /alg/);
  });

  it('if it is not signed, although the provider announces that', async () => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    provider.behaviour.discovery = (document) => ({
      ...{ ...document, id_token_signing_alg_values_supported: ['none', 'RS256'] },
    });
    provider.behaviour.idToken = (claims) => `${part({ alg: 'none' })}.${part(claims)}.`;
    refused(await signInAnew(), /alg/);
  });

  it('if it is signed with the public key as an HMAC secret', async () => {
    provider.behaviour.idToken = (claims) => provider.signHs256(claims, provider.publicKey);
    refused(await signIn(), /alg/);
  });

  it('if it is signed with the client secret, although the provider announces that', async () => {
    provider.behaviour.discovery = (document) => ({
      ...{ ...document, id_token_signing_alg_values_supported: ['HS256', 'RS256'] },
    });
    provider.behaviour.idToken = (claims) => provider.signHs256(claims, 'secret-of-console');
    refused(await signInAnew(), /alg/);
  });

  it('if it is signed with another key of the same id', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    provider.behaviour.idToken = (claims) => provider.sign(claims, {}, privateKey);
    refused(await signIn(), /signature/);
  });

  it('if it is signed with an unknown key', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    provider.behaviour.idToken = (claims) => provider.sign(claims, { kid: 'second' }, privateKey);
    refused(await signIn(), /key/);
  });

  it('if it brings its own key or the address of a key', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const header = { jwk: publicKey.export({ format: 'jwk' }), jku: `${provider.issuer}/keys-of-the-attacker` };
    provider.behaviour.idToken = (claims) => provider.sign(claims, header, privateKey);
    refused(await signIn(), /signature/);
    expect(provider.paths()).not.toContain('/keys-of-the-attacker');
  });

  it('if its content was changed after it was signed', async () => {
    provider.behaviour.idToken = (claims) => {
      const [header = '', , signature = ''] = provider.sign(claims).split('.');
      const changed = Buffer.from(JSON.stringify({ ...claims, groups: ['platform-admins'] })).toString('base64url');
      return [header, changed, signature].join('.');
    };
    refused(await signIn(), /signature/);
  });

  const CLAIMS: [string, (claims: Record<string, unknown>) => Record<string, unknown>, RegExp][] = [
    ['if it has expired', (claims) => ({ ...claims, exp: seconds() - 60 }), /exp/],
    ['if it does not expire', ({ exp: _, ...claims }) => claims, /exp/],
    ['if it was issued in the future', (claims) => ({ ...claims, iat: seconds() + 120 }), /issued in the future/],
    ['if it is not valid yet', (claims) => ({ ...claims, nbf: seconds() + 120 }), /nbf/],
    ['if it was issued to another client', (claims) => ({ ...claims, aud: 'other' }), /aud/],
    ['if it has several audiences without azp', (claims) => ({ ...claims, aud: ['console', 'other'] }), /aud/],
    ['if azp is another client', (claims) => ({ ...claims, aud: ['console', 'other'], azp: 'other' }), /azp/],
    ['if azp is another client beside one audience', (claims) => ({ ...claims, azp: 'other' }), /azp/],
    ['if another issuer issued it', (claims) => ({ ...claims, iss: 'https://login.attacker.example' }), /iss/],
    ['without a nonce', ({ nonce: _, ...claims }) => claims, /nonce/],
    ['with the nonce of another sign-in', (claims) => ({ ...claims, nonce: 'another' }), /nonce/],
    ['without a subject', ({ sub: _, ...claims }) => claims, /sub/],
    ['with a subject that is too long', (claims) => ({ ...claims, sub: 'x'.repeat(256) }), /subject/],
    ['with a subject that contains control characters', (claims) => ({ ...claims, sub: 'ada\u0000' }), /subject/],
  ];
  it.each(CLAIMS)('%s', async (_what, claims, detail) => {
    provider.behaviour.claims = claims;
    refused(await signIn(), detail);
  });

  it('if there is none', async () => {
    provider.behaviour.token = () => ({ status: 200, body: { access_token: 'a', token_type: 'Bearer' } });
    refused(await signIn(), /id_token/);
  });

  it('without repeating any part of an answer that cannot be parsed', async () => {
    provider.behaviour.token = () => ({ status: 200, body: '{"access_token":"a-secret-of-the-provider",' });
    const answer = await signIn();
    expect(answer.status).toBe(401);
    expect(answer.text).not.toContain('a-secret');
  });
});

describe('groups', () => {
  const withGroups = (groups: unknown) => {
    provider.behaviour.claims = (claims) => ({ ...claims, groups });
    return signIn();
  };

  it.each([
    ['missing', undefined],
    ['null', null],
    ['an empty list', []],
    ['unknown', ['staff', 'SRE', ' sre', 'sre,platform-admins', '*', '__proto__', 'constructor']],
  ])('that are %s give no role', async (_what, groups) => {
    const answer = await withGroups(groups);
    expect([answer.status, answer.body['detail']]).toEqual([
      403,
      expect.stringMatching(/no group of this user has a role/),
    ]);
  });

  it.each([
    ['an object', { sre: true }],
    ['a number', 7],
    ['a list with other values', ['sre', { name: 'platform-admins' }]],
  ])('that are %s are refused', async (_what, groups) => {
    const answer = await withGroups(groups);
    expect([answer.status, answer.body['detail']]).toEqual([403, expect.stringMatching(/not a list of strings/)]);
  });

  it('that are a string are one group', async () => {
    expect((await withGroups('sre')).body).toMatchObject({ roles: ['operator'] });
    expect((await withGroups('sre platform-admins')).status).toBe(403);
  });

  it('are added up', async () => {
    expect((await withGroups(['sre', 'platform-admins'])).body).toMatchObject({ roles: ['operator', 'admin'] });
  });

  it('can be thousands', async () => {
    const groups = [...Array.from({ length: 5_000 }, (_, i) => `/departments/department-${i}`), 'sre'];
    expect((await withGroups(groups)).body).toMatchObject({ roles: ['operator'] });
  });

  it('can be in a nested claim', async () => {
    provider.behaviour.claims = (claims) => ({ ...claims, realm_access: { roles: ['sre'] } });
    expect((await signInAnew({ groupsClaim: 'realm_access.roles' })).body).toMatchObject({ roles: ['operator'] });
    expect((await signInAnew({ groupsClaim: 'constructor.name' })).status).toBe(403);
  });
});

describe('the identity of a user', () => {
  const actors = () =>
    api.rows<{ oidc_user: string; name: string }>('select oidc_user, name from sessions order by id');

  it('is the subject, not the name or email, which may be that of another user', async () => {
    await signIn();
    provider.behaviour.claims = (claims) => ({ ...claims, sub: 'mallory', email: 'ada@example.com' });
    await signIn();
    expect((await actors()).slice(-2)).toEqual([
      { oidc_user: `${provider.issuer}#ada`, name: 'ada' },
      { oidc_user: `${provider.issuer}#mallory`, name: 'ada' },
    ]);
  });

  it('is not that of the administrator, whatever the name', async () => {
    provider.behaviour.claims = (claims) => ({ ...claims, sub: 'admin', preferred_username: 'admin' });
    expect((await signIn()).body).toMatchObject({ name: 'admin', roles: ['operator'] });
    expect((await actors()).at(-1)?.oidc_user).toBe(`${provider.issuer}#admin`);
  });

  it('is shown without control and direction characters, and cut off', async () => {
    provider.behaviour.claims = (claims) => ({
      ...claims,
      preferred_username: `a\u202edmin\u0000\n${'x'.repeat(500)}`,
    });
    expect((await signIn()).body['name']).toBe(`admin${'x'.repeat(195)}`);
  });

  it('is the subject if there is no name', async () => {
    provider.behaviour.claims = ({ preferred_username: _, ...claims }) => claims;
    expect((await signIn()).body['name']).toBe('ada');
  });
});

describe('a provider cannot be used, while tokens still work,', () => {
  it('if its discovery document names another issuer', async () => {
    provider.behaviour.discovery = (document) => ({ ...document, issuer: 'https://login.attacker.example' });
    unavailable(await signInAnew(), /issuer/);
  });

  it('if it has no endpoint for the sign-in', async () => {
    provider.behaviour.discovery = ({ authorization_endpoint: _, ...document }) => document;
    unavailable(await signInAnew(), /authorization_endpoint/);
  });

  it('if it signs only with HMAC', async () => {
    provider.behaviour.discovery = (document) => ({ ...document, id_token_signing_alg_values_supported: ['HS256'] });
    unavailable(await signInAnew(), /signs ID tokens only with HS256/);
  });

  it('if its endpoints are private addresses other than its own', async () => {
    provider.behaviour.discovery = (document) => ({ ...document, token_endpoint: 'https://169.254.169.254/token' });
    unavailable(await signInAnew(), /not public/);
  });

  it('if its endpoints use plain HTTP on another machine', async () => {
    provider.behaviour.discovery = (document) => ({ ...document, token_endpoint: 'http://login.attacker.example/' });
    unavailable(await signInAnew(), /does not use https/);
  });

  it('if an endpoint redirects, which would pass the client secret on', async () => {
    provider.behaviour.token = () => ({ status: 307, headers: { location: `${provider.issuer}/elsewhere` } });
    expect((await signIn()).status).toBe(401);
    expect(provider.paths()).not.toContain('/elsewhere');
  });

  it('if it answers with an error or with a page', async () => {
    provider.behaviour.any = () => ({ status: 500, body: 'oops' });
    unavailable(await signInAnew(), /status 500/);
    provider.behaviour.any = () => ({ status: 200, body: '<html>', headers: { 'content-type': 'text/html' } });
    unavailable(await signInAnew(), /discovery document/);
  });

  it('if it does not know the client or its secret', async () => {
    provider.behaviour.token = () => ({ status: 401, body: { error: 'invalid_client' } });
    unavailable(await signIn(), /FERMATA_OIDC_CLIENT_SECRET/);
  });

  it('if it answers with 100 MB', async () => {
    let sent = 0;
    provider.behaviour.any = () => ({
      status: 200,
      stream(response) {
        const more = () => {
          while (sent < 100_000_000 && !response.destroyed) {
            sent += 65_536;
            if (!response.write(' '.repeat(65_536))) return void response.once('drain', more);
          }
          response.end();
        };
        more();
      },
    });
    unavailable(await signInAnew(), /larger than 1 MiB/);
    expect(sent).toBeLessThan(50_000_000);
  });

  it('if it hangs', async () => {
    provider.behaviour.any = () => ({ status: 200, stream: () => undefined });
    const startedAt = performance.now();
    unavailable(await signInAnew(), /within 5000 ms/);
    expect(performance.now() - startedAt).toBeLessThan(30_000);
  });

  it('if it is down, until it is up again', async () => {
    const own = await startFalseProvider();
    own.close();
    const other = await startApiHarness({}, { oidc: oidcSettings(own.issuer) });
    unavailable(await signIn(other), /cannot be used now/);
    expect((await other.call('GET', '/api/v1/runs')).status).toBe(200);
    await other.end();
    const again = await startApiHarness({}, { oidc: oidcSettings(provider.issuer) });
    provider.behaviour.any = () => ({ status: 503 });
    unavailable(await signIn(again), /status 503/);
    provider.reset();
    expect((await signIn(again)).status).toBe(201);
    await again.end();
  });
});
