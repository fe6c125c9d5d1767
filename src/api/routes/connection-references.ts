import type { Executor } from '../../db/executor';
import { findSecrets } from '../../db/secrets';
import { formatPlace } from '../../domain/definition/place';
import { secretsOf, visitTexts } from '../../domain/definition/secret-references';
import type { Finding } from '../../domain/errors';
import { allowsHost, type SecretBinding } from '../../domain/secrets/binding';
import { referencesIn } from '../../domain/secrets/references';
import type { AnyConnectionType } from '../../integrations/connections/connection-type';

type Config = Record<string, unknown>;

/**
 * Returns warnings about secrets that do not exist, or that may not be sent to the connection's address. `saved`
 * contains the stored fields, decrypted.
 */
export async function referenceWarnings(
  db: Executor,
  type: AnyConnectionType,
  { given, saved }: { given: Config; saved: Config },
): Promise<Finding[]> {
  const known = await findSecrets(db, secretsOf(given));
  const hosts = type.addressFields.flatMap((field) => hostOf(saved[field]) ?? []);
  const warnings: Finding[] = [];
  visitTexts(given, ['config'], (text, path) => {
    for (const name of referencesIn(text)) {
      const finding = problemOf(name, known.get(name), hosts);
      if (finding) warnings.push({ path: formatPlace(path), ...finding });
    }
  });
  return warnings;
}

function problemOf(
  name: string,
  secret: { allow: SecretBinding | null } | undefined,
  hosts: readonly string[],
): Omit<Finding, 'path'> | null {
  if (!secret)
    return { code: 'unknown_secret', message: `Secret "${name}" not found. Set it with PUT /api/v1/secrets/${name}` };
  const refused = hosts.find((host) => secret.allow?.hosts && !allowsHost(secret.allow.hosts, host));
  if (refused === undefined) return null;
  return { code: 'secret_not_allowed', message: `The secret "${name}" is not allowed for the host ${refused}` };
}

/**
 * Returns the host of an address, which is a URL or a plain host name. Returns null for a port number, and for an
 * address that contains a reference to a secret.
 */
function hostOf(address: unknown): string | null {
  if (typeof address !== 'string' || address === '') return null;
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(address)?.[1] ?? address;
  return /[${}\s@]/.test(authority) ? null : authority.replace(/:\d+$/, '');
}
