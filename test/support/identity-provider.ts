import { fork } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../src/project-root';

/** Claims of the accounts of a provider, by subject. */
export type Accounts = Record<string, Record<string, unknown>>;

/** oidc-provider in its own process. */
export interface IdentityProvider {
  issuer: string;
  /** Replaces all accounts. */
  setAccounts(accounts: Accounts): Promise<void>;
  /** Signs in at the provider like a browser, and returns the address to which the provider redirects. */
  signIn(url: string, user: string): Promise<URL>;
  /** Cancels a sign-in at the provider, and returns the address to which the provider redirects. */
  cancel(url: string): Promise<URL>;
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
}

/**
 * Starts oidc-provider with the clients `console`, `public`, `other`, and `refreshing` and `steady`, which receive
 * refresh tokens. A refresh token of `refreshing` is valid once.
 */
export async function startIdentityProvider(options: {
  redirectUris: string[];
  claimsInIdToken?: boolean;
}): Promise<IdentityProvider> {
  const script = join(projectRoot(), 'test', 'support', 'identity-provider-process.mjs');
  const child = fork(script, [JSON.stringify(options)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [],
  });
  const message = () =>
    new Promise<{ issuer: string }>((resolve, reject) => {
      child.once('message', (value) => resolve(value as { issuer: string }));
      child.once('exit', (code) => reject(new Error(`The identity provider ended with code ${String(code)}.`)));
    });
  const { issuer } = await message();
  const end = async (url: string, action: string): Promise<URL> => {
    const cookies = new Map<string, string>();
    let next = url;
    for (let hop = 0; hop < 10; hop += 1) {
      const Cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const answer = await fetch(next, { redirect: 'manual', headers: { Cookie } });
      for (const cookie of answer.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
        cookies.set(name, value);
      }
      const location = answer.headers.get('location');
      if (location === null) throw new Error(`${next}: ${answer.status} ${await answer.text()}`);
      const to = new URL(location, next);
      if (to.origin !== issuer) return to;
      next = /^\/interaction\/[\w-]+$/.test(to.pathname) ? `${to.href}/${action}` : to.href;
    }
    throw new Error('Too many redirects.');
  };
  return {
    issuer,
    async setAccounts(accounts) {
      const accepted = message();
      child.send({ accounts });
      await accepted;
    },
    signIn: (url, user) => end(url, `login/${user}`),
    cancel: (url) => end(url, 'cancel'),
    signal: (name) => void child.kill(name),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    },
  };
}
