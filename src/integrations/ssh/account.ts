import ssh2 from 'ssh2';
import { z } from 'zod';
import { messageOf } from '../../domain/errors';
import { referencesIn } from '../../domain/secrets/references';
import { ProviderFailure } from '../provider-failure';
import { parseKnownHosts } from './known-hosts';

const Host = z
  .string()
  .trim()
  .regex(/^[A-Za-z0-9_.:-]{1,253}$/, 'must be the name or address of a host');
const secret = (most: number) => z.string().min(1).max(most).optional().meta({ 'x-secret': true });

/** An account on one host, or on several hosts that accept the same credentials. */
export const SshConnection = z
  .strictObject({
    host: Host.describe('Name or address'),
    hosts: z.array(Host).max(1_000).default([]).describe('Further hosts that a step may name'),
    port: z.int().min(1).max(65_535).default(22),
    user: z.string().min(1).max(256),
    privateKey: secret(20_000).describe('OpenSSH or PEM'),
    passphrase: secret(1_000).describe('Passphrase of the private key'),
    password: secret(1_000),
    knownHosts: z
      .string()
      .max(500_000)
      .describe('Lines of a known_hosts file, as ssh-keyscan prints them, or HOST SHA256:FINGERPRINT'),
  })
  .superRefine(({ privateKey, passphrase, password, knownHosts }, context) => {
    const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (privateKey === undefined && password === undefined) issue('privateKey', 'or password is required');
    if (passphrase !== undefined && privateKey === undefined) issue('passphrase', 'belongs to a privateKey');
    const problem = privateKey === undefined ? null : privateKeyProblem(privateKey, passphrase);
    if (problem !== null) issue('privateKey', problem);
    try {
      parseKnownHosts(knownHosts);
    } catch (error) {
      issue('knownHosts', messageOf(error));
    }
  });
export type SshConnection = z.infer<typeof SshConnection>;

/**
 * Returns why a private key cannot be used, or null if it can. References to secrets are accepted, because their values
 * are not known yet.
 */
function privateKeyProblem(privateKey: string, passphrase: string | undefined): string | null {
  if ([privateKey, passphrase ?? ''].some((text) => referencesIn(text).length > 0)) return null;
  const parsed = ssh2.utils.parseKey(privateKey, passphrase);
  if (parsed instanceof Error) return `cannot be read: ${parsed.message}`;
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  return key?.isPrivateKey() === true ? null : 'is not a private key';
}

/**
 * Returns the host to use for a step.
 * @throws {ProviderFailure} config_invalid for a host that the connection does not name
 */
export function hostFor({ host, hosts }: SshConnection, wanted: string | undefined): string {
  if (wanted === undefined) return host;
  const found = [host, ...hosts].find((name) => name.toLowerCase() === wanted.trim().toLowerCase());
  if (found !== undefined) return found;
  const message = `The connection does not name the host ${wanted}: add the host to "hosts" of the connection.`;
  throw new ProviderFailure('config_invalid', message, { retryable: false });
}
