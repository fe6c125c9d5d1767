import { X509Certificate } from 'node:crypto';
import { FermataError } from '../../domain/errors';
import type { Egress } from '../egress/egress';
import { isSignedBy, isSnsAddress, parseSnsMessage, type SnsMessage } from './sns-message';

const TIMEOUT_MS = 10_000;
/** Maximum number of cached certificates. AWS uses one certificate at a time per region. */
const MAX_CERTIFICATES = 50;
const MAX_CERTIFICATE_BYTES = 65_536;

interface SnsDeps {
  egress: Egress;
  /** PEM certificates to use instead of downloaded ones. Intended for closed networks and tests. */
  certificates: string | undefined;
}

/** Verifies Amazon SNS messages and confirms subscriptions. */
export interface Sns {
  /** Returns the message if its signature is valid and its topic is one of `topics`, otherwise null. */
  verify(raw: Buffer, topics: readonly string[], now: Date): Promise<SnsMessage | null>;
  /**
   * Confirms a subscription by calling the URL in a verified message.
   * @throws {FermataError} when SNS does not respond with 2xx
   */
  confirm(message: SnsMessage): Promise<void>;
}

/**
 * Creates the verifier. It fetches certificates and confirms subscriptions through the egress guard, and only accepts
 * URLs of SNS hosts.
 */
export function createSns({ egress, certificates }: SnsDeps): Sns {
  const given = certificates === undefined ? undefined : certificatesIn(certificates);
  const downloaded = new Map<string, X509Certificate>();

  async function fetchText(url: string): Promise<string | null> {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const request = { url, method: 'GET' as const, headers: {}, timeoutMs: TIMEOUT_MS, signal };
    const { status, body, url: from } = await egress.send({ ...request, maxResponseBytes: MAX_CERTIFICATE_BYTES });
    return status >= 200 && status <= 299 && isSnsAddress(from) ? body : null;
  }

  async function certificatesFor(url: string): Promise<readonly X509Certificate[]> {
    if (given !== undefined) return given;
    const known = downloaded.get(url);
    if (known !== undefined) return [known];
    const pem = await fetchText(url);
    const [certificate] = pem === null ? [] : certificatesIn(pem);
    if (certificate === undefined) return [];
    if (downloaded.size >= MAX_CERTIFICATES) downloaded.clear();
    downloaded.set(url, certificate);
    return [certificate];
  }

  return {
    async verify(raw, topics, now) {
      const message = parseSnsMessage(raw);
      if (message === null || !topics.includes(message.TopicArn)) return null;
      if (!isSnsAddress(message.SigningCertURL)) return null;
      const candidates = await certificatesFor(message.SigningCertURL);
      return candidates.some((certificate) => isSignedBy(message, certificate, now)) ? message : null;
    },
    async confirm(message) {
      if (!isSnsAddress(message.SubscribeURL)) throw failure('SubscribeURL: is not an address of SNS');
      const answer = await fetchText(message.SubscribeURL);
      if (answer === null) throw failure(`SNS did not confirm the subscription to ${message.TopicArn}.`);
    },
  };
}

/**
 * Parses PEM certificates.
 * @throws {Error} for a certificate that cannot be read
 */
function certificatesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

const failure = (message: string) => new FermataError('provider_failed', message);
