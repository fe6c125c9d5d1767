import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { HookScheme } from '../../db/tables/access';

/** How old, or how far ahead, a signed timestamp may be: five minutes. */
const REPLAY_WINDOW_SECONDS = 300;

/** Where the secret or the signature is when the hook names no header of its own. */
const HEADERS: Readonly<Record<Exclude<HookScheme, 'none'>, string>> = {
  header: 'x-hook-secret',
  github: 'x-hub-signature-256',
  timestamped: 'x-signature',
};

/** What a request is checked against. */
export interface SenderCheck {
  scheme: HookScheme;
  /** null = the scheme's own header. */
  header: string | null;
  /** In clear: one, or two while they are rotated. */
  secrets: readonly string[];
}

/** Header that carries the secret or signature, lower case; null for scheme `none`. */
export function signatureHeader({ scheme, header }: Pick<SenderCheck, 'scheme' | 'header'>): string | null {
  return scheme === 'none' ? null : (header ?? HEADERS[scheme]).toLowerCase();
}

/** Whether a request comes from someone who knows one of the hook's secrets. The signature is over the raw body. */
export function isFromSender(
  check: SenderCheck,
  request: { headers: IncomingHttpHeaders; raw: Buffer; now: Date },
): boolean {
  const name = signatureHeader(check);
  if (name === null || check.scheme === 'none') return true;
  const given = request.headers[name];
  if (typeof given !== 'string' || given === '') return false;
  switch (check.scheme) {
    case 'header':
      return matchesAny(check.secrets, inHeader, [given]);
    case 'github': {
      const signature = /^sha256=([0-9a-f]{64})$/i.exec(given)?.[1];
      if (signature === undefined) return false;
      return matchesAny(check.secrets, (secret) => hmac(secret, request.raw), [signature.toLowerCase()]);
    }
    case 'timestamped':
      return isTimestamped(check.secrets, given, request);
  }
}

/** `t=<unix>,v1=<hex>` over `t.body`; a sender that rotates may send several v1. */
function isTimestamped(secrets: readonly string[], given: string, request: { raw: Buffer; now: Date }): boolean {
  const parts = given.split(',').map((part) => part.trim());
  const times = parts.flatMap((part) => /^t=(\d{1,12})$/.exec(part)?.[1] ?? []);
  const signatures = parts.flatMap((part) => /^v1=([0-9a-f]{64})$/i.exec(part)?.[1]?.toLowerCase() ?? []);
  const [time] = times;
  if (time === undefined || times.length > 1 || signatures.length === 0) return false;
  if (Math.abs(request.now.getTime() / 1000 - Number(time)) > REPLAY_WINDOW_SECONDS) return false;
  return matchesAny(secrets, (secret) => hmac(secret, Buffer.from(`${time}.`), request.raw), signatures);
}

/** Compares all with all, whichever matches: the time it takes tells nothing of where they differ. */
function matchesAny(
  secrets: readonly string[],
  expected: (secret: string) => string,
  given: readonly string[],
): boolean {
  let matches = false;
  for (const secret of secrets) {
    const wanted = digest(expected(secret));
    for (const text of given) if (timingSafeEqual(wanted, digest(text))) matches = true;
  }
  return matches;
}

function hmac(secret: string, ...parts: readonly Buffer[]): string {
  const mac = createHmac('sha256', secret);
  for (const part of parts) mac.update(part);
  return mac.digest('hex');
}

/** A text as it comes in a header: senders write the bytes of UTF-8, of which Node makes Latin-1. */
const inHeader = (text: string): string => Buffer.from(text).toString('latin1');

/** Same length for every text, as `timingSafeEqual` needs. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
