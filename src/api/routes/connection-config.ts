import type { ConnectionRow } from '../../db/connections';
import { FermataError, type Finding } from '../../domain/errors';
import { formatPlace } from '../../domain/definition/place';
import { explain, findingsOf } from '../../domain/validation/explain';
import { nearest } from '../../domain/expressions/nearest';
import { visitTexts } from '../../domain/definition/secret-references';
import { fillReferences, onlyReference, referencesIn } from '../../domain/secrets/references';
import type { Cipher, Sealed } from '../../domain/secrets/cipher';
import type { AnyConnectionType } from '../../integrations/connections/connection-type';
import { secretFieldsOf } from '../../integrations/connections/connection-type';
import { connectionSecretName, fieldValue, sealedValues } from '../../integrations/connections/open-connection';
import { shortSecretWarnings } from './short-secret';

type Config = Record<string, unknown>;
type Parts = Pick<ConnectionRow, 'config' | 'secrets'>;

const REFERENCE = /^\s*\$\{\{/;

/**
 * Returns the connection type with an id.
 * @throws {FermataError} `validation_failed`
 */
export function typeOf(types: ReadonlyMap<string, AnyConnectionType>, id: string): AnyConnectionType {
  const type = types.get(id);
  if (type !== undefined) return type;
  const meant = nearest(id, types.keys());
  const hint = meant === undefined ? `Known types: ${[...types.keys()].join(', ')}` : `Did you mean "${meant}"?`;
  throw refusal('type', `"${id}" is not a type of connection. ${hint}`);
}

/** Returns warnings about secrets that are too short to be masked. References to secrets are not checked. */
export function warningsOf(type: AnyConnectionType, given: Config): Finding[] {
  return secretFieldsOf(type).flatMap((field) => {
    const value = given[field];
    const texts = typeof value === 'object' && value !== null && !isShown(value) ? Object.values(value) : [value];
    return texts.flatMap((text) => (typeof text === 'string' ? shortSecretWarnings(`config.${field}`, text) : []));
  });
}

/**
 * Validates a config and encrypts its secrets.
 * @throws {FermataError} `validation_failed`
 */
export function newConfig(cipher: Cipher, id: string, type: AnyConnectionType, given: Config): Parts {
  const config = check(type, given);
  const secret = new Set(secretFieldsOf(type));
  const secrets: Record<string, Sealed> = {};
  for (const field of secret) {
    const value = config[field];
    if (value === undefined || value === null) continue;
    if (typeof value === 'string' && REFERENCE.test(value) && onlyReference(value) === null) {
      throw refusal(`config.${field}`, 'must be ${{ secrets.NAME }} and nothing else to refer to a secret');
    }
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    secrets[field] = cipher.seal(connectionSecretName(id, field), text);
  }
  return { config: Object.fromEntries(Object.entries(config).filter(([key]) => !secret.has(key))), secrets };
}

/**
 * Returns the config with some keys changed. Secrets that are not sent are kept, but only while the address is
 * unchanged. Otherwise a user who may edit a connection could redirect its secrets to another address.
 * @throws {FermataError} `validation_failed`
 */
export function changedConfig(cipher: Cipher, row: ConnectionRow, type: AnyConnectionType, changes: Config): Parts {
  const secret = secretFieldsOf(type);
  const sent = Object.fromEntries(Object.entries(changes).filter(([, value]) => !isShown(value)));
  const opened = Object.entries(sealedValues(cipher, row)).map(([field, text]) => [
    field,
    onlyReference(text) === null ? fieldValue(type, field, text) : text,
  ]);
  const known: Config = { ...row.config, ...(Object.fromEntries(opened) as Config) };
  const merged = { ...known, ...sent };
  const config = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
  const next = withKeptSeals(cipher, row, newConfig(cipher, row.id, type, config));
  const moved = type.addressFields.find((field) => originOf(next.config[field]) !== originOf(row.config[field]));
  const isKept = (field: string) => Object.hasOwn(row.secrets, field) && !Object.hasOwn(sent, field);
  const missing = secret.find((field) => isKept(field) && !isEmpty(known[field]));
  if (moved !== undefined && missing !== undefined) {
    throw refusal(`config.${missing}`, `has to be sent again when ${moved} changes`);
  }
  return next;
}

/**
 * Returns whether a secret field has a value that is not empty. An empty map may have been stored, because it is the
 * default of the field. A value that cannot be decrypted with the present keys counts as not empty.
 */
export function hasSecret(
  cipher: Cipher,
  row: ConnectionRow,
  type: AnyConnectionType | undefined,
  field: string,
): boolean {
  const sealed = row.secrets[field];
  if (sealed === undefined) return false;
  try {
    const text = cipher.open(connectionSecretName(row.id, field), sealed);
    return !isEmpty(type === undefined ? text : fieldValue(type, field, text));
  } catch {
    return true;
  }
}

/** Returns whether a secret field is empty, such as a header map without entries. */
const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null ? Object.keys(value).length === 0 : value === '';

/**
 * Restores the stored form of each encrypted secret whose value has not changed, so that saving without changes does
 * not change the ETag.
 */
function withKeptSeals(cipher: Cipher, row: ConnectionRow, { config, secrets }: Parts): Parts {
  const before = sealedValues(cipher, row);
  const after = sealedValues(cipher, { ...row, secrets });
  const kept = Object.entries(secrets).map(([field, sealed]) => {
    const stored = row.secrets[field];
    return [field, stored !== undefined && before[field] === after[field] ? stored : sealed] as const;
  });
  return { config, secrets: Object.fromEntries(kept) };
}

/** Returns whether a value is the placeholder that responses contain in place of a secret. */
function isShown(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'hasValue' in value;
}

function originOf(address: unknown): unknown {
  return typeof address === 'string' && URL.canParse(address) ? new URL(address).origin : address;
}

/**
 * Refuses references to secrets in fields that do not allow them.
 * @throws {FermataError} `validation_failed` with `secret_outside`
 */
function assertReferencesTaken(type: AnyConnectionType, given: Config): void {
  const taking = new Set([...secretFieldsOf(type), ...type.addressFields]);
  const outside: Finding[] = [];
  visitTexts(given, ['config'], (text, path) => {
    if (taking.has(String(path[1])) || referencesIn(text).length === 0) return;
    const message = 'cannot refer to a secret: only secret fields and addresses can';
    outside.push({ path: formatPlace(path), message, code: 'secret_outside' });
  });
  const [first] = outside;
  if (first === undefined) return;
  throw new FermataError('validation_failed', `${first.path}: ${first.message}`, { errors: outside });
}

function check(type: AnyConnectionType, given: Config): Config {
  assertReferencesTaken(type, given);
  // An address may contain references. It is validated with placeholders instead, and stored with the references.
  const addresses = Object.entries(given).flatMap(([field, value]) =>
    type.addressFields.includes(field) && typeof value === 'string' && referencesIn(value).length > 0
      ? [[field, value] as const]
      : [],
  );
  const stand = addresses.map(([field, text]) => [field, addressWith(text)] as const);
  const parsed = explain(type.configSchema, { ...given, ...Object.fromEntries(stand) });
  if (parsed.success) return { ...(parsed.data as Config), ...Object.fromEntries(addresses) };
  const errors = findingsOf(parsed.problems, ['config']);
  const [first] = errors;
  const detail = `The config is not valid: ${first?.path ?? 'config'}: ${first?.message ?? ''}`;
  throw new FermataError('validation_failed', detail, { errors });
}

/** Returns an address with placeholders for its secrets, so that it can be validated before they are known. */
function addressWith(text: string): string {
  return onlyReference(text) === null ? fillReferences(text, () => 'secret') : 'https://secret.example';
}

function refusal(path: string, message: string): FermataError {
  return new FermataError('validation_failed', `${path}: ${message}`, { errors: [{ path, message, code: 'invalid' }] });
}
