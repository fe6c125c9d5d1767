import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { sha256, sha256Bytes } from '../../domain/sha256';
import type { Expectation, HmacScheme } from '../../domain/hooks/scheme';

/** A received request. */
export interface SignedRequest {
  headers: IncomingHttpHeaders;
  raw: Buffer;
  now: Date;
}

/** A request whose sender has been verified. */
export interface VerifiedRequest {
  /**
   * Hash of the signed content, or null if there is no signature. It does not depend on how the signature is written
   * (upper case, padding, additional signatures, which of two secrets), so a copy is recognised as the same request.
   */
  signedHash: string | null;
}

/**
 * Verifies that the sender of a request has one of the hook's decrypted secrets. A hook has two secrets during a
 * rotation. Returns null if the sender has none of them. Hooks of kind `none` accept every sender. Signatures cover the
 * raw body and are compared in constant time.
 */
export function verifySender(
  expected: Expectation,
  secrets: readonly string[],
  request: SignedRequest,
): VerifiedRequest | null {
  if (expected.kind === 'none') return { signedHash: null };
  // SNS signs with a certificate instead of a secret, see sns.ts.
  if (expected.kind === 'sns') return null;
  const given = expected.header === null ? undefined : request.headers[expected.header];
  if (typeof given !== 'string' || given === '') return null;
  if (expected.kind === 'secret') return matchesAny(secrets.map(inHeader), [given]) ? { signedHash: null } : null;
  const signed =
    expected.kind === 'timestamped'
      ? timestampedText(expected, secrets, given, request)
      : expected.hmac && signedText(expected, expected.hmac, secrets, given, request);
  return signed ? { signedHash: sha256(signed, 'base64url') } : null;
}

/** Returns the signed content if one of the signatures in a separate header is valid, otherwise undefined. */
function signedText(
  expected: Expectation,
  scheme: HmacScheme,
  secrets: readonly string[],
  given: string,
  request: SignedRequest,
): Buffer[] | undefined {
  const timestamp = scheme.timestampHeader === undefined ? '' : headerOf(request, scheme.timestampHeader);
  if (scheme.timestampHeader !== undefined && !isRecent(timestamp, expected.toleranceSeconds, request.now))
    return undefined;
  const parts = signedParts(scheme.signedText, { expected, request, timestamp });
  if (parts === undefined) return undefined;
  const signatures = given
    .split(scheme.separator)
    .map((part) => part.trim())
    .filter((part) => part.startsWith(scheme.prefix))
    .map((part) => normalized(part.slice(scheme.prefix.length), scheme.encoding));
  const wanted = secrets.map((secret) => {
    const mac = createHmac(scheme.digest, keyOf(secret, scheme));
    for (const part of parts) mac.update(part);
    return normalized(mac.digest(scheme.encoding), scheme.encoding);
  });
  return matchesAny(wanted, signatures) ? parts : undefined;
}

/** Returns the signed text as bytes, or undefined if a header that it contains is missing. */
function signedParts(
  signedText: string,
  { expected, request, timestamp }: { expected: Expectation; request: SignedRequest; timestamp: string },
): Buffer[] | undefined {
  const parts: Buffer[] = [];
  for (const piece of signedText.split(/(\{body\}|\{timestamp\}|\{id\}|\{header:[^}]+\})/)) {
    if (piece === '{body}') {
      parts.push(request.raw);
      continue;
    }
    const name = piece === '{id}' ? expected.deliveryHeader : /^\{header:([^}]+)\}$/.exec(piece)?.[1]?.toLowerCase();
    const text = piece === '{timestamp}' ? timestamp : name === undefined ? piece : headerOf(request, name);
    if (name !== undefined && text === '') return undefined;
    parts.push(Buffer.from(text, 'latin1'));
  }
  return parts;
}

/**
 * Returns the content that a header `t=<unix>,v1=<hex>` signs: `<t>.<body>`. Returns undefined when the header
 * is malformed, its time is outside the tolerance, or no signature matches. During a rotation of the secret, a sender
 * may send several `v1` signatures.
 */
function timestampedText(
  { toleranceSeconds }: Expectation,
  secrets: readonly string[],
  given: string,
  { raw, now }: SignedRequest,
): Buffer[] | undefined {
  const parts = given.split(',').map((part) => part.trim());
  const times = parts.flatMap((part) => /^t=(\d{1,12})$/.exec(part)?.[1] ?? []);
  const signatures = parts.flatMap((part) => /^v1=([0-9a-f]{64})$/i.exec(part)?.[1]?.toLowerCase() ?? []);
  const [time] = times;
  if (time === undefined || times.length > 1 || signatures.length === 0) return undefined;
  if (!isRecent(time, toleranceSeconds, now)) return undefined;
  const wanted = secrets.map((secret) => createHmac('sha256', secret).update(`${time}.`).update(raw).digest('hex'));
  return matchesAny(wanted, signatures) ? [Buffer.from(`${time}.`), raw] : undefined;
}

/** Returns whether a Unix time in seconds or milliseconds is within the tolerance. */
function isRecent(text: string, toleranceSeconds: number, now: Date): boolean {
  if (!/^\d{1,13}$/.test(text)) return false;
  const seconds = text.length === 13 ? Number(text) / 1_000 : Number(text);
  return Math.abs(now.getTime() / 1_000 - seconds) <= toleranceSeconds;
}

function keyOf(secret: string, { encodedSecret }: HmacScheme): Buffer {
  return encodedSecret === true && secret.startsWith('whsec_')
    ? Buffer.from(secret.slice('whsec_'.length), 'base64')
    : Buffer.from(secret);
}

function headerOf({ headers }: SignedRequest, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}

const normalized = (signature: string, encoding: HmacScheme['encoding']): string =>
  encoding === 'hex' ? signature.toLowerCase() : signature.replace(/=+$/, '');

/**
 * Returns whether any given string equals a wanted one. Compares all pairs even after a match, so that the duration
 * reveals nothing.
 */
function matchesAny(wanted: readonly string[], given: readonly string[]): boolean {
  let matches = false;
  // `timingSafeEqual` requires equal lengths, which digests have.
  for (const expected of wanted.map(sha256Bytes)) {
    for (const text of given) if (timingSafeEqual(expected, sha256Bytes(text))) matches = true;
  }
  return matches;
}

/** Returns `text` as it arrives in a header: senders write UTF-8 bytes, which Node decodes as Latin-1. */
const inHeader = (text: string): string => Buffer.from(text).toString('latin1');
