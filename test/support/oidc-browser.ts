import type { OidcSettings } from '../../src/api/auth/oidc/settings';
import type { Role } from '../../src/api/auth/permissions';
import { BASE, type Answer, type ApiHarness } from '../integration/api-harness';

/** Where the provider redirects. Nothing listens there: the tests read the address of the redirect. */
export const REDIRECT_URI = 'http://fermata.test/console/sign-in/callback';

/** Returns settings of a provider with the client `console`. */
export function oidcSettings(issuer: string, more: Partial<OidcSettings> = {}): OidcSettings {
  const clientId = more.clientId ?? 'console';
  return {
    ...{ issuer, clientId, clientSecret: `secret-of-${clientId}`, redirectUri: REDIRECT_URI },
    ...{ scopes: 'openid profile email', groupsClaim: 'groups', name: 'single sign-on', sessionMs: 3_600_000 },
    roles: new Map<string, readonly Role[]>([
      ['sre', ['operator']],
      ['platform-admins', ['admin']],
    ]),
    ...more,
  };
}

/** The cookies of a browser at the API, and the calls of the console's sign-in page. */
export interface OidcBrowser {
  /** Cookies by name. */
  cookies: Map<string, string>;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Starts a sign-in and returns the address at the provider. */
  start(): Promise<string>;
  /** Exchanges the query of the redirect for a session. */
  finish(query: string | URLSearchParams): Promise<Answer>;
  /** Returns the status of a request with the session cookie. */
  status(method?: string, path?: string): Promise<number>;
}

/** Creates a browser without cookies. */
export function oidcBrowser(api: ApiHarness): OidcBrowser {
  const cookies = new Map<string, string>();
  const call: OidcBrowser['call'] = async (method, path, body, headers = {}) => {
    const Cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const own = { ...(Cookie === '' ? {} : { Cookie }), ...headers };
    const answer = await api.call(method, `${BASE}${path}`, { token: null, body, headers: own });
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    return answer;
  };
  return {
    ...{ cookies, call },
    async start() {
      const answer = await call('POST', '/session/oidc', {});
      if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
      return String(answer.body['url']);
    },
    finish: (query) => call('POST', '/session', { oidc: { response: query.toString() } }),
    status: async (method = 'GET', path = '/runs') => (await call(method, path)).status,
  };
}
