import ssh2, { type Client, type ConnectConfig, type ServerHostKeyAlgorithm } from 'ssh2';
import { messageOf } from '../../domain/errors';
import type { Egress } from '../../edges/egress/egress';
import type { ConnectionCall } from '../connections/connection-type';
import { ProviderFailure } from '../provider-failure';
import type { SshConnection } from './account';
import { algorithmsFor, fingerprintOf, judgeHostKey, linesAbout, parseKnownHosts, typeOf } from './known-hosts';

/** Timeout in milliseconds for connecting and logging in. */
export const CONNECT_TIMEOUT_MS = 20_000;
/** Milliseconds that `work` has after an abort to stop its processes on the host. */
const STOP_MS = 5_000;
/** Milliseconds between keepalive messages. A connection is considered lost after three unanswered messages. */
const KEEPALIVE_MS = 15_000;

export interface SessionCall extends ConnectionCall {
  host: string;
}

/**
 * Logs in to a host over a socket opened by the egress guard, runs `work`, and closes the session.
 * @throws {ProviderFailure} provider_failed for an unknown or changed host key and for refused credentials;
 * network_error when the connection is lost; timeout when the host does not answer in time. Also throws the errors of
 * `egress.connect`.
 */
export async function withSession<T>(
  egress: Egress,
  config: SshConnection,
  { host, signal, timeoutMs }: SessionCall,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const { port, user } = config;
  const limit = Math.min(timeoutMs, CONNECT_TIMEOUT_MS);
  const sock = await egress.connect({ host, port, signal, timeoutMs: limit });
  const lines = linesAbout(parseKnownHosts(config.knownHosts), host, port);
  const algorithms = algorithmsFor(lines);
  const client = new ssh2.Client();
  let refusal: ProviderFailure | undefined;
  const options: ConnectConfig = {
    ...{ sock, host, port, username: user, readyTimeout: limit, keepaliveInterval: KEEPALIVE_MS },
    ...(config.privateKey !== undefined && { privateKey: config.privateKey }),
    ...(config.passphrase !== undefined && { passphrase: config.passphrase }),
    ...(config.password !== undefined && { password: config.password, tryKeyboard: true }),
    ...(algorithms && { algorithms: { serverHostKey: algorithms as ServerHostKeyAlgorithm[] } }),
    hostVerifier: (key: Buffer) => {
      const verdict = judgeHostKey(lines, key);
      if (verdict !== 'known') refusal = hostKeyRefusal(host, key, verdict);
      return verdict === 'known';
    },
  };
  let isLoggedIn = false;
  const abort = () => {
    if (isLoggedIn) setTimeout(() => sock.destroy(), STOP_MS).unref();
    else sock.destroy();
  };
  signal.addEventListener('abort', abort, { once: true });
  const lost = new Promise<never>((_resolve, reject) => {
    client.on('error', (error) => reject(refusal ?? failureOf(error, { host, user })));
    client.on('close', () => reject(refusal ?? networkError(host, 'the connection was closed')));
  });
  lost.catch(() => undefined);
  try {
    await Promise.race([lost, loggedIn(client, options, config.password)]);
    isLoggedIn = true;
    return await Promise.race([lost, work(client)]);
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof Error && 'level' in error ? failureOf(error, { host, user }) : error;
  } finally {
    signal.removeEventListener('abort', abort);
    client.end();
    sock.destroy();
  }
}

function loggedIn(client: Client, options: ConnectConfig, password: string | undefined): Promise<void> {
  return new Promise((resolve) => {
    client.once('ready', resolve);
    // Some servers ask for the password in a PAM prompt.
    client.on('keyboard-interactive', (_name, _instructions, _language, prompts, answer) => {
      answer(prompts.map(({ echo }) => (echo === true ? '' : (password ?? ''))));
    });
    client.connect(options);
  });
}

function hostKeyRefusal(host: string, key: Buffer, verdict: 'unknown' | 'changed' | 'revoked'): ProviderFailure {
  const shown = `${typeOf(key) ?? 'key'} ${fingerprintOf(key)}`;
  const text = {
    unknown: `The host ${host} is not in knownHosts. It presented ${shown}; compare this on the host itself before you add it.`,
    changed: `The host ${host} presented a key that knownHosts does not have for it: ${shown}. Either the host was reinstalled, or the connection is intercepted.`,
    revoked: `The host ${host} presented a key that knownHosts revokes: ${shown}.`,
  };
  return new ProviderFailure('provider_failed', text[verdict], { retryable: false });
}

const networkError = (host: string, what: string) =>
  new ProviderFailure('network_error', `${host}: ${what}.`, { retryable: true });

/**
 * Converts an SSH client error to a failure. `level` names the phase in which the client failed:
 * https://github.com/mscdex/ssh2#client-events
 */
function failureOf(error: unknown, { host, user }: { host: string; user: string }): ProviderFailure {
  const { level } = Object(error) as { level?: unknown };
  const text = messageOf(error);
  if (level === 'client-authentication') {
    const message = `${host} refused the credentials of ${user}.`;
    return new ProviderFailure('provider_failed', message, { retryable: false });
  }
  if (level === 'client-timeout') {
    return new ProviderFailure('timeout', `${host} did not answer in time (${text}).`, { retryable: true });
  }
  if (level === 'handshake' || level === 'protocol') {
    const message = `${host} and Fermata could not negotiate an SSH session (${text}).`;
    return new ProviderFailure('provider_failed', message, { retryable: /lost|ended|reset/i.test(text) });
  }
  return networkError(host, text);
}
