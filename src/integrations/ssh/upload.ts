import { posix } from 'node:path';
import type { Client, SFTPWrapper, Stats } from 'ssh2';
import { z } from 'zod';
import { sha256 } from '../../domain/sha256';
import { messageOf } from '../../domain/errors';
import type { Egress } from '../../edges/egress/egress';
import type { CallingAction } from '../contract';
import { ProviderFailure } from '../provider-failure';
import { hostFor, SshConnection } from './account';
import { CONNECT_TIMEOUT_MS, withSession } from './session';

const Text = z.string().trim().min(1);
const TIMEOUT_MS = 120_000;
const DEFAULT_MODE = 0o644;
const MODE_BITS = 0o7777;

const Config = z.strictObject({
  connectionId: Text,
  host: Text.optional().describe('One of the hosts of the connection; default: its host'),
  path: Text.max(4_000).describe('Absolute path, or a path below the home directory'),
  content: z.string().max(1_048_576).meta({ 'x-secret': true }),
  mode: z
    .string()
    .regex(/^0?[0-7]{3}$/, 'must be three octal digits, such as 644')
    .optional()
    .describe('File mode; default: unchanged, and 644 for a new file'),
});
type Config = z.infer<typeof Config>;

/**
 * Creates the action `integration-ssh.upload`. If the server supports it, the file is replaced atomically, so that
 * readers never see a partial file. A repeated attempt changes nothing.
 */
export function createUpload(egress: Egress): CallingAction<Config> {
  return {
    id: 'upload',
    displayName: 'Upload a file by SSH',
    description: 'Writes a file on a host, by SFTP.',
    configSchema: Config,
    connection: 'ssh',
    execution: 'call',
    startsApart: true,
    timeoutMs: () => TIMEOUT_MS,
    async execute({ config, connection, now, signal, idempotencyKey }) {
      const account = SshConnection.parse(connection);
      const host = hostFor(account, config.host);
      const call = { now, signal, timeoutMs: CONNECT_TIMEOUT_MS, host };
      const output = await withSession(egress, account, call, (client) =>
        replace(client, host, config, idempotencyKey),
      );
      return { output };
    },
  };
}

async function replace(
  client: Client,
  host: string,
  config: Config,
  key: string,
): Promise<{ path: string; bytes: number }> {
  const refused = (what: string) => (error: unknown) => {
    throw new ProviderFailure('provider_failed', `${host} ${what}: ${messageOf(error)}`, { retryable: false });
  };
  const sftp = await promised<SFTPWrapper>((done) => client.sftp(done)).catch(refused('offers no SFTP'));
  const given = config.path.replace(/^~\//, '');
  // Replace the target of a symbolic link, not the link itself.
  const path = await promised<string>((done) => sftp.realpath(given, done)).catch(() => given);
  const known = await promised<Stats>((done) => sftp.stat(path, done)).catch(() => null);
  const mode = config.mode === undefined ? (known?.mode ?? DEFAULT_MODE) & MODE_BITS : Number.parseInt(config.mode, 8);
  const content = Buffer.from(config.content);
  const name = `.${posix.basename(path).slice(0, 100)}.${sha256(key).slice(0, 16)}`;
  const draft = posix.join(posix.dirname(path), name);
  const write = (to: string) => promised<void>((done) => sftp.writeFile(to, content, { mode: 0o600 }, done));
  await write(draft).catch(refused(`did not write ${path}`));
  try {
    await promised<void>((done) => sftp.chmod(draft, mode, done));
    await renamed(sftp, draft, path);
  } catch (error) {
    await promised<void>((done) => sftp.unlink(draft, done)).catch(() => undefined);
    refused(`did not write ${path}`)(error);
  }
  return { path, bytes: content.length };
}

/**
 * Replaces an existing file. The replacement is atomic if the server supports it (OpenSSH); otherwise the old file is
 * removed first.
 */
async function renamed(sftp: SFTPWrapper, from: string, to: string): Promise<void> {
  try {
    await promised<void>((done) => sftp.ext_openssh_rename(from, to, done));
  } catch (error) {
    if (!/does not support/i.test(messageOf(error))) throw error;
    await promised<void>((done) => sftp.unlink(to, done)).catch(() => undefined);
    await promised<void>((done) => sftp.rename(from, to, done));
  }
}

/** Converts a call with a callback to a promise. Also rejects if the call itself throws. */
function promised<T>(call: (done: (error?: Error | null, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value as T)));
  });
}
