import { existsSync, readFileSync } from 'node:fs';
import { loadConfig, type Config } from '../../config';
import { createApiClient, type ApiClient } from '../client';
import { adminTokenFileOf } from '../../dev/credentials';
import { readRunningDev } from '../../dev/state-file';
import { UsageError } from '../usage-error';

/** Help section for all commands that call the API. */
export const CONNECTION_HELP = `
API address: FERMATA_URL. If it is not set, the address of the "fermata dev" running in this directory. If none is
running, FERMATA_HOST and FERMATA_PORT (default http://127.0.0.1:8080).
Token: FERMATA_TOKEN or FERMATA_ADMIN_TOKEN. If neither is set and the API is on this machine, the token of
"fermata dev".
Exit codes: 0 success, 1 failed or refused, 2 usage error.
`;

/**
 * Returns a client for the API that the environment selects.
 * @throws {UsageError} when FERMATA_URL is invalid
 */
export function connect(env: NodeJS.ProcessEnv = process.env): ApiClient {
  const config = loadConfig(env);
  const url = env['FERMATA_URL'] || runningDev(config) || urlOf(config);
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new UsageError(`FERMATA_URL is not an http(s) URL: ${url}`);
  }
  const origin = callable(new URL(url));
  return createApiClient({
    url: origin,
    token: env['FERMATA_TOKEN'] || config.adminToken || keptToken(config, origin),
  });
}

/**
 * Returns the address of the `fermata dev` process that is running for this directory, or undefined if there is none.
 * Ignores an address on another machine, because that machine would receive the token.
 */
function runningDev({ home }: Config): string | undefined {
  const url = readRunningDev(home)?.urls['API'];
  return url !== undefined && isLocal(url) ? url : undefined;
}

function isLocal(url: string): boolean {
  return URL.canParse(url) && /^(localhost|0\.0\.0\.0|127(\.\d+){3}|\[::1?\])$/.test(new URL(url).hostname);
}

function urlOf({ host, port }: Config): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Returns an origin that a client can connect to: wildcard addresses (`0.0.0.0`, `::`) become 127.0.0.1. */
function callable(url: URL): string {
  if (url.hostname === '0.0.0.0' || url.hostname === '[::]') url.hostname = '127.0.0.1';
  return url.origin;
}

/** Returns the stored token, but only for an address on this machine; otherwise undefined. */
function keptToken({ home }: Config, origin: string): string | undefined {
  if (!/^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(origin).hostname)) return undefined;
  const file = adminTokenFileOf(home);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}
