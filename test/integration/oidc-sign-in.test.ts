import type { OidcSettings } from '../../src/api/auth/oidc/settings';
import { startIdentityProvider, type IdentityProvider } from '../support/identity-provider';
import { oidcBrowser, oidcSettings, REDIRECT_URI } from '../support/oidc-browser';
import { ADMIN_TOKEN, BASE, startApiHarness, type ApiHarness } from './api-harness';

const ACCOUNTS = {
  ada: { preferred_username: 'ada', email: 'ada@example.com', groups: ['sre', 'staff'] },
  grace: { preferred_username: 'grace', email: 'grace@example.com', groups: ['staff'] },
};

let idp: IdentityProvider;
let api: ApiHarness;
beforeAll(async () => {
  idp = await startIdentityProvider({ redirectUris: [REDIRECT_URI] });
  await idp.setAccounts(ACCOUNTS);
  api = await startApiHarness({ trustedProxies: ['127.0.0.1'] }, { oidc: oidcSettings(idp.issuer) });
});
afterAll(async () => {
  await api.end();
  await idp.stop();
});

/** Runs `test` with an API that has other settings and the same database. */
async function withApi(more: Partial<OidcSettings>, test: (other: ApiHarness) => Promise<void>): Promise<void> {
  const databaseUrl = (api.database.pool.options as { connectionString?: string }).connectionString ?? '';
  const other = await startApiHarness({}, { databaseUrl, oidc: oidcSettings(idp.issuer, more) });
  try {
    await test(other);
  } finally {
    await other.end();
  }
}

const audited = (actor: string) =>
  api.rows<{ action: string; outcome: string; detail: { code?: string } }>(
    "select action, outcome, detail from audit_log where actor->>'id' = $1 order by id",
    [`${idp.issuer}#${actor}`],
  );

/** Signs in and returns the browser and the response. */
async function signIn(user: string, to = api) {
  const browser = oidcBrowser(to);
  const { search } = await idp.signIn(await browser.start(), user);
  return { browser, answer: await browser.finish(search) };
}

describe('a sign-in with OpenID Connect', () => {
  it('uses PKCE, state and nonce, and returns a session with the roles of the groups', async () => {
    const browser = oidcBrowser(api);
    const url = new URL(await browser.start());
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      ...{ client_id: 'console', response_type: 'code', redirect_uri: REDIRECT_URI, scope: 'openid profile email' },
      ...{ code_challenge_method: 'S256', state: expect.stringMatching(/^.{43}$/), nonce: expect.any(String) },
    });
    const back = await idp.signIn(url.href, 'ada');
    const answer = await browser.finish(back.search);
    expect([answer.status, answer.body]).toMatchObject([201, { name: 'ada', roles: ['operator'] }]);
    expect([...browser.cookies.keys()]).toEqual(['fermata_session']);
    expect(answer.headers.getSetCookie()[0]).toMatch(/; Max-Age=3600; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(await browser.status()).toBe(200);
  });

  it('shows the person in the audit log, by issuer and subject', async () => {
    const { browser, answer } = await signIn('ada');
    const headers = { 'X-Fermata-CSRF': String(answer.body['csrfToken']) };
    expect((await browser.call('POST', '/systems', { id: 'by-ada', name: 'By Ada' }, headers)).status).toBe(201);
    expect(await audited('ada')).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ action: 'session.create', outcome: 'success' }),
        expect.objectContaining({ action: 'systems.create', outcome: 'success' }),
      ]),
    );
  });

  it('is listed under Access and can be revoked', async () => {
    const { browser, answer } = await signIn('ada');
    const id = String(answer.body['id']);
    const listed = (await api.call('GET', `${BASE}/tokens?limit=200`)).body['items'];
    expect(listed).toEqual(expect.arrayContaining([expect.objectContaining({ id, kind: 'session', name: 'ada' })]));
    await api.call('DELETE', `${BASE}/tokens/${id}`);
    expect(await browser.status()).toBe(401);
  });

  it('is refused without a role, with a message that names the setting, and is audited', async () => {
    const { browser, answer } = await signIn('grace');
    expect([answer.status, answer.body['code']]).toEqual([403, 'forbidden']);
    expect(answer.body['detail']).toMatch(/grace, but no group of this user .* FERMATA_OIDC_ROLES/);
    expect(browser.cookies.has('fermata_session')).toBe(false);
    expect(await audited('grace')).toMatchObject([
      { action: 'session.create', outcome: 'refused', detail: { code: 'forbidden' } },
    ]);
  });

  it('gives every user the role of "*"', async () => {
    await withApi({ roles: new Map([['*', ['viewer']]]) }, async (other) => {
      expect((await signIn('grace', other)).answer.body).toMatchObject({ name: 'grace', roles: ['viewer'] });
    });
  });

  it('works with a public client, which only PKCE protects', async () => {
    await withApi({ clientId: 'public', clientSecret: undefined }, async (other) => {
      expect((await signIn('ada', other)).answer.status).toBe(201);
    });
  });

  it('reads the groups from the ID token if the provider includes them there', async () => {
    const own = await startIdentityProvider({ redirectUris: [REDIRECT_URI], claimsInIdToken: true });
    await own.setAccounts(ACCOUNTS);
    await withApi({ issuer: own.issuer }, async (other) => {
      const browser = oidcBrowser(other);
      const { search } = await own.signIn(await browser.start(), 'ada');
      expect((await browser.finish(search)).body).toMatchObject({ name: 'ada', roles: ['operator'] });
    });
    await own.stop();
  });

  it('started by one API process can be finished by another, also after a restart', async () => {
    const browser = oidcBrowser(api);
    const { search } = await idp.signIn(await browser.start(), 'ada');
    await withApi({}, async (other) => {
      const second = oidcBrowser(other);
      browser.cookies.forEach((value, name) => second.cookies.set(name, value));
      expect((await second.finish(search)).status).toBe(201);
    });
  });

  it('shows a refusal of the provider in plain words, without its own text', async () => {
    const browser = oidcBrowser(api);
    const { search } = await idp.cancel(await browser.start());
    expect(search).toContain('access_denied');
    const answer = await browser.finish(search);
    expect([answer.status, answer.body['code']]).toEqual([403, 'forbidden']);
    expect(answer.body['detail']).toBe('The identity provider refused the sign-in, or it was cancelled there.');
  });

  it('ends when the settings of issuer, client, claim or roles change', async () => {
    const { browser } = await signIn('ada');
    expect(await browser.status()).toBe(200);
    for (const more of [{ clientId: 'other' }, { groupsClaim: 'roles' }, { roles: new Map([['*', ['viewer']]]) }]) {
      await withApi(more as Partial<OidcSettings>, async (other) => {
        const moved = oidcBrowser(other);
        browser.cookies.forEach((value, name) => moved.cookies.set(name, value));
        expect(await moved.status()).toBe(401);
      });
    }
    expect(await browser.status()).toBe(200);
  });

  it('is reported as not configured by an API without these settings', async () => {
    const plain = await startApiHarness();
    const browser = oidcBrowser(plain);
    expect((await browser.call('GET', '/session/oidc')).body).toEqual({ enabled: false, name: null });
    expect((await browser.call('POST', '/session/oidc', {})).status).toBe(404);
    expect((await browser.finish('?code=a&state=b')).status).toBe(404);
    await plain.end();
    expect((await oidcBrowser(api).call('GET', '/session/oidc')).body).toEqual({
      ...{ enabled: true, name: 'single sign-on' },
    });
  });
});

describe('the response to a sign-in is refused', () => {
  const refused = async (answer: Promise<{ status: number; body: Record<string, unknown> }>, detail: RegExp) => {
    const { status, body } = await answer;
    expect([status, body['code'], body['detail']]).toEqual([401, 'unauthorized', expect.stringMatching(detail)]);
  };
  /** Starts a sign-in as Ada and returns the browser and the query of the redirect. */
  const begun = async () => {
    const browser = oidcBrowser(api);
    const { searchParams } = await idp.signIn(await browser.start(), 'ada');
    return { browser, query: searchParams };
  };
  const changed = (query: URLSearchParams, name: string, value: string | null) => {
    const copy = new URLSearchParams(query);
    if (value === null) copy.delete(name);
    else copy.set(name, value);
    return copy;
  };
  // Each case uses its own address, because failed attempts are limited.
  let address = 0;
  beforeEach(() => (address += 1));
  const from = (browser: ReturnType<typeof oidcBrowser>, query: URLSearchParams) =>
    browser.call(
      'POST',
      '/session',
      { oidc: { response: query.toString() } },
      {
        'X-Forwarded-For': `203.0.113.${address}`,
      },
    );

  it('without its state', async () => {
    const { browser, query } = await begun();
    await refused(from(browser, changed(query, 'state', null)), /not started in this browser/);
  });

  it('with another state', async () => {
    const { browser, query } = await begun();
    await refused(from(browser, changed(query, 'state', 'x'.repeat(43))), /not started in this browser/);
  });

  it('in a browser that has not started it (login CSRF)', async () => {
    const { query } = await begun();
    await refused(from(oidcBrowser(api), query), /not started in this browser/);
  });

  it('in a browser that has started another sign-in', async () => {
    const { query } = await begun();
    const victim = oidcBrowser(api);
    await victim.start();
    await refused(from(victim, query), /not started in this browser/);
  });

  it('with a cookie that this installation has not sealed', async () => {
    const { browser, query } = await begun();
    const cookie = browser.cookies.get('fermata_sign_in') ?? '';
    browser.cookies.set('fermata_sign_in', `${cookie.slice(0, -8)}AAAAAAAA`);
    await refused(from(browser, query), /not started in this browser/);
  });

  it('a second time, also at the same moment', async () => {
    const { browser, query } = await begun();
    const copy = new Map(browser.cookies);
    const answers = await Promise.all([from(browser, query), from(browser, query), from(browser, query)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 401, 401]);
    copy.forEach((value, name) => browser.cookies.set(name, value));
    await refused(from(browser, query), /already been finished/);
  });

  it('with a code that was exchanged before', async () => {
    const first = await begun();
    expect((await from(first.browser, first.query)).status).toBe(201);
    const second = oidcBrowser(api);
    const state = new URL(await second.start()).searchParams.get('state') ?? '';
    await refused(from(second, changed(first.query, 'state', state)), /did not accept the code/);
  });

  it('with a code of another browser (PKCE)', async () => {
    const attacker = await begun();
    const victim = oidcBrowser(api);
    const state = new URL(await victim.start()).searchParams.get('state') ?? '';
    await refused(from(victim, changed(attacker.query, 'state', state)), /did not accept the code/);
  });

  it('with a code that was issued to another client', async () => {
    const browser = oidcBrowser(api);
    const url = new URL(await browser.start());
    url.searchParams.set('client_id', 'other');
    const { searchParams } = await idp.signIn(url.href, 'ada');
    await refused(from(browser, searchParams), /did not accept the code/);
  });

  it('with another nonce than the one that was sent', async () => {
    const browser = oidcBrowser(api);
    const url = new URL(await browser.start());
    url.searchParams.set('nonce', 'of-the-attacker');
    const { searchParams } = await idp.signIn(url.href, 'ada');
    await refused(from(browser, searchParams), /nonce/);
  });

  it('with an issuer other than that of the settings (mix-up, RFC 9207)', async () => {
    const { browser, query } = await begun();
    await refused(from(browser, changed(query, 'iss', 'https://login.attacker.example')), /"iss"/);
  });

  it('without the issuer that the provider announces', async () => {
    const { browser, query } = await begun();
    await refused(from(browser, changed(query, 'iss', null)), /"iss"/);
  });

  it('with a parameter that occurs twice', async () => {
    const { browser, query } = await begun();
    query.append('code', 'of-the-attacker');
    await refused(from(browser, query), /only once/);
  });

  it('without a code', async () => {
    const { browser, query } = await begun();
    const answer = await from(browser, changed(query, 'code', null));
    expect(answer.status).toBe(401);
  });

  it('with a token beside it', async () => {
    const { browser, query } = await begun();
    const body = { token: ADMIN_TOKEN, oidc: { response: query.toString() } };
    expect((await browser.call('POST', '/session', body)).status).toBe(422);
    expect((await browser.call('POST', '/session', {})).status).toBe(422);
  });

  it('ten times within a minute; then the address has to wait', async () => {
    const { browser, query } = await begun();
    const wrong = changed(query, 'state', 'wrong');
    for (let n = 0; n < 10; n += 1) expect((await from(browser, wrong)).status).toBe(401);
    expect((await from(browser, query)).status).toBe(429);
    const start = browser.call('POST', '/session/oidc', {}, { 'X-Forwarded-For': `203.0.113.${address}` });
    expect((await start).status).toBe(429);
  });
});

describe('the start of a sign-in', () => {
  it.each(['cross-site', 'same-site'])('is refused for a page that is %s (CSRF)', async (site) => {
    const answer = await oidcBrowser(api).call('POST', '/session/oidc', {}, { 'Sec-Fetch-Site': site });
    expect([answer.status, answer.body['code'], answer.headers.getSetCookie()]).toEqual([403, 'csrf', []]);
  });

  it('needs a JSON body, which a form of another site cannot send', async () => {
    const type = { 'Content-Type': 'text/plain' };
    expect((await oidcBrowser(api).call('POST', '/session/oidc', '{}', type)).status).toBe(415);
  });

  it('sets a cookie that scripts cannot read, that ends after ten minutes, and whose content is sealed', async () => {
    const browser = oidcBrowser(api);
    const answer = await browser.call('POST', '/session/oidc', {}, { 'X-Forwarded-Proto': 'https' });
    const [cookie = ''] = answer.headers.getSetCookie();
    expect(cookie).toMatch(/; Max-Age=600; Path=\/api\/v1\/session; HttpOnly; SameSite=Strict; Secure$/);
    const state = new URL(String(answer.body['url'])).searchParams.get('state') ?? '';
    const value = Buffer.from(browser.cookies.get('fermata_sign_in') ?? '', 'base64url').toString();
    expect(value).toContain('ciphertext');
    expect(value).not.toContain(state);
  });

  it('keeps the secret of the session that a browser already has out of the new session (fixation)', async () => {
    const { browser } = await signIn('ada');
    const before = browser.cookies.get('fermata_session');
    const { search } = await idp.signIn(await browser.start(), 'ada');
    await browser.finish(search);
    expect(browser.cookies.get('fermata_session')).not.toBe(before);
  });
});
