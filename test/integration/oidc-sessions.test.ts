import type { OidcSettings } from '../../src/api/auth/oidc/settings';
import { startFalseProvider, type FalseProvider } from '../support/false-provider';
import { startIdentityProvider, type Accounts, type IdentityProvider } from '../support/identity-provider';
import { oidcBrowser, oidcSettings, REDIRECT_URI, type OidcBrowser } from '../support/oidc-browser';
import { startApiHarness, type ApiHarness } from './api-harness';

const MINUTE_MS = 60_000;
let lateMs = 0;
const clock = { now: () => new Date(Date.now() + lateMs) };
const later = (minutes: number) => (lateMs += minutes * MINUTE_MS);

const session = async (browser: OidcBrowser) => {
  const { status, body } = await browser.call('GET', '/session');
  return status === 200 ? (body['roles'] as string[]) : status;
};
const urlOf = (api: ApiHarness) => (api.database.pool.options as { connectionString?: string }).connectionString ?? '';

describe('a session of a provider that issues refresh tokens', () => {
  let idp: IdentityProvider;
  let api: ApiHarness;
  beforeAll(async () => {
    idp = await startIdentityProvider({ redirectUris: [REDIRECT_URI] });
    api = await startApiHarness({}, { clock, oidc: oidcSettings(idp.issuer, { clientId: 'refreshing' }) });
  });
  afterAll(async () => {
    await api.end();
    await idp.stop();
  });

  const groups = (...names: string[]): Accounts => ({ ada: { preferred_username: 'ada', groups: names } });
  const signIn = async (to = api) => {
    await idp.setAccounts(groups('sre'));
    const browser = oidcBrowser(to);
    const { search } = await idp.signIn(await browser.start(), 'ada');
    const answer = await browser.finish(search);
    expect([answer.status, answer.body['roles']]).toEqual([201, ['operator']]);
    return { browser, answer };
  };

  it('lasts 12 hours if it is in use, and follows the groups of the user every ten minutes', async () => {
    const { browser, answer } = await signIn();
    expect(answer.headers.getSetCookie()[0]).toMatch(/; Max-Age=43200;/);
    await idp.setAccounts(groups('platform-admins'));
    later(9);
    expect(await session(browser)).toEqual(['operator']);
    later(2);
    expect(await session(browser)).toEqual(['admin']);
    for (let hour = 0; hour < 11; hour += 1) {
      later(59);
      expect(await session(browser)).toEqual(['admin']);
    }
    later(61);
    expect(await session(browser)).toBe(401);
  });

  it('ends when the user is in no group with a role any more, which is audited', async () => {
    const { browser } = await signIn();
    await idp.setAccounts(groups('staff'));
    later(11);
    expect(await session(browser)).toBe(401);
    await idp.setAccounts(groups('sre'));
    later(11);
    expect(await session(browser)).toBe(401);
    const [entry] = await api.rows(
      "select actor->>'id' as id, detail->>'reason' as reason from audit_log where action = 'session.delete' order by audit_log.id desc limit 1",
    );
    expect(entry).toEqual({ id: `${idp.issuer}#ada`, reason: expect.stringMatching(/no group/) });
  });

  it('ends when the user is disabled at the provider', async () => {
    const { browser } = await signIn();
    await idp.setAccounts({});
    later(11);
    expect(await session(browser)).toBe(401);
  });

  it('continues while the provider hangs, and is confirmed when it answers again', async () => {
    // A provider that replaces refresh tokens may do so for a request whose answer does not arrive.
    const oidc = oidcSettings(idp.issuer, { clientId: 'steady' });
    const other = await startApiHarness({}, { databaseUrl: urlOf(api), clock, oidc });
    const { browser } = await signIn(other);
    await idp.setAccounts(groups('platform-admins'));
    idp.signal('SIGSTOP');
    later(11);
    expect(await session(browser)).toEqual(['operator']);
    expect(await session(browser)).toEqual(['operator']);
    idp.signal('SIGCONT');
    later(2);
    expect(await session(browser)).toEqual(['admin']);
    await other.end();
  });

  it('keeps the refresh token encrypted, and removes it when the user signs out', async () => {
    const { browser, answer } = await signIn();
    const stored = () =>
      api.rows<{ token: unknown }>('select oidc_refresh_token as token from sessions where id = $1', [
        answer.body['id'],
      ]);
    expect(await stored()).toEqual([
      { token: { keyId: expect.any(String), nonce: expect.any(String), ciphertext: expect.any(String) } },
    ]);
    await browser.call('DELETE', '/session', undefined, { 'X-Fermata-CSRF': String(answer.body['csrfToken']) });
    expect(await stored()).toEqual([{ token: null }]);
  });
});

describe('a session of a provider', () => {
  let provider: FalseProvider;
  let api: ApiHarness;
  beforeAll(async () => {
    provider = await startFalseProvider();
    api = await startApiHarness({}, { clock, oidc: oidcSettings(provider.issuer) });
  });
  afterAll(async () => {
    await api.end();
    provider.close();
  });
  beforeEach(() => provider.reset());

  let issued = 0;
  const issuesRefreshTokens = () => {
    provider.behaviour.token = ({ status, body }) => ({
      ...{ status, body: { ...(body as object), refresh_token: `refresh-token-${(issued += 1)}` } },
    });
  };
  const signIn = async (to = api) => {
    const browser = oidcBrowser(to);
    const { searchParams } = new URL(await browser.start());
    provider.nonce = searchParams.get('nonce') ?? '';
    const answer = await browser.finish(`code=a-code&state=${searchParams.get('state') ?? ''}`);
    expect(answer.status).toBe(201);
    return browser;
  };
  const queries = () => provider.paths().filter((path) => path === '/token_endpoint').length;

  it('without refresh tokens ends after FERMATA_OIDC_SESSION_MINUTES', async () => {
    const browser = await signIn();
    later(59);
    expect(await session(browser)).toEqual(['operator']);
    later(2);
    expect(await session(browser)).toBe(401);
  });

  it('that is down continues for FERMATA_OIDC_SESSION_MINUTES, and resumes when it is up again', async () => {
    issuesRefreshTokens();
    const browser = await signIn();
    provider.behaviour.any = () => ({ status: 503 });
    for (const minutes of [11, 20, 20]) {
      later(minutes);
      expect(await session(browser)).toEqual(['operator']);
    }
    later(10);
    expect(await browser.call('GET', '/session')).toMatchObject({
      ...{ status: 401, body: { detail: expect.stringMatching(/could not be reached to confirm/) } },
    });
    provider.behaviour.any = undefined;
    later(2);
    expect(await session(browser)).toEqual(['operator']);
  });

  it.each([
    ['does not accept the client secret any more', 401, { error: 'invalid_client' }],
    ['has an error', 400, { error: 'server_error' }],
    ['does not answer with JSON', 200, 'oops'],
  ])('that %s continues, because this says nothing about the user', async (_what, status, body) => {
    issuesRefreshTokens();
    const browser = await signIn();
    provider.behaviour.token = () => ({ status, body });
    later(11);
    expect(await session(browser)).toEqual(['operator']);
  });

  it('ends if the provider has revoked the refresh token', async () => {
    issuesRefreshTokens();
    const browser = await signIn();
    provider.behaviour.token = () => ({ status: 400, body: { error: 'invalid_grant' } });
    later(11);
    expect(await session(browser)).toBe(401);
    provider.reset();
    later(2);
    expect(await session(browser)).toBe(401);
  });

  it('ends if the provider returns another user', async () => {
    issuesRefreshTokens();
    const browser = await signIn();
    provider.behaviour.claims = (claims) => ({ ...claims, sub: 'mallory' });
    later(11);
    expect(await session(browser)).toBe(401);
  });

  it('does not take roles from an ID token that is not valid', async () => {
    issuesRefreshTokens();
    const browser = await signIn();
    provider.behaviour.claims = (claims) => ({ ...claims, groups: ['platform-admins'], aud: 'other' });
    later(11);
    expect(await session(browser)).toEqual(['operator']);
  });

  it('is confirmed by one query for concurrent requests, also of two API processes', async () => {
    issuesRefreshTokens();
    const browser = await signIn();
    const other = await startApiHarness({}, { databaseUrl: urlOf(api), clock, oidc: oidcSettings(provider.issuer) });
    const second = oidcBrowser(other);
    browser.cookies.forEach((value, name) => second.cookies.set(name, value));
    const before = queries();
    later(11);
    const statuses = await Promise.all(
      [browser, browser, browser, second, second, second].map((each) => each.status()),
    );
    expect(statuses).toEqual(Array<number>(6).fill(200));
    expect(queries() - before).toBe(1);
    await other.end();
  });

  it('ends if the key that encrypted its refresh token was removed, or sign-in is not configured any more', async () => {
    issuesRefreshTokens();
    const browser = await signIn();
    const inOther = async (oidc: OidcSettings | undefined) => {
      const other = await startApiHarness({}, { databaseUrl: urlOf(api), clock, oidc });
      const moved = oidcBrowser(other);
      browser.cookies.forEach((value, name) => moved.cookies.set(name, value));
      const answer = await session(moved);
      await other.end();
      return answer;
    };
    expect(await inOther(oidcSettings(provider.issuer))).toEqual(['operator']);
    expect(await inOther(undefined)).toBe(401);
    await api.rows(`update sessions set oidc_refresh_token = jsonb_set(oidc_refresh_token, '{keyId}', '"gone"')
      where oidc_refresh_token is not null`);
    later(11);
    expect(await session(browser)).toBe(401);
  });
});
