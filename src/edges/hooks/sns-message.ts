import { createVerify, type X509Certificate } from 'node:crypto';
import { z } from 'zod';

/** An Amazon SNS message (https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html). */
const SnsMessage = z.looseObject({
  Type: z.enum(['Notification', 'SubscriptionConfirmation', 'UnsubscribeConfirmation']),
  MessageId: z.string(),
  TopicArn: z.string(),
  Message: z.string(),
  Timestamp: z.string(),
  Signature: z.string(),
  SignatureVersion: z.enum(['1', '2']),
  SigningCertURL: z.string(),
  Subject: z.string().nullish(),
  Token: z.string().optional(),
  SubscribeURL: z.string().optional(),
});
export type SnsMessage = z.infer<typeof SnsMessage>;

/** Parses an SNS message. Returns null for any other body. */
export function parseSnsMessage(raw: Buffer): SnsMessage | null {
  try {
    const parsed = SnsMessage.safeParse(JSON.parse(raw.toString('utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Names of the signed fields in alphabetical order. */
const SIGNED = {
  Notification: ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'],
  SubscriptionConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
  UnsubscribeConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
} as const satisfies Record<SnsMessage['Type'], readonly (keyof SnsMessage)[]>;

/** Signature algorithms: version 1 signs with SHA-1, version 2 with SHA-256. */
const DIGESTS = { '1': 'RSA-SHA1', '2': 'RSA-SHA256' } as const satisfies Record<
  SnsMessage['SignatureVersion'],
  string
>;

/**
 * Returns the text that is signed: the names and values of those `SIGNED` fields that the message has, each name and
 * each value on its own line
 * (https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html).
 */
export function signedText(message: SnsMessage): string {
  return SIGNED[message.Type]
    .flatMap((name) => {
      const value = message[name];
      return typeof value === 'string' ? [`${name}\n${value}\n`] : [];
    })
    .join('');
}

/** Returns whether a message was signed with a certificate that is valid at `now`. */
export function isSignedBy(message: SnsMessage, certificate: X509Certificate, now: Date): boolean {
  const { validFrom, validTo, publicKey } = certificate;
  if (now < new Date(validFrom) || now > new Date(validTo) || publicKey.asymmetricKeyType !== 'rsa') return false;
  const verify = createVerify(DIGESTS[message.SignatureVersion]).update(signedText(message), 'utf8');
  return verify.verify(publicKey, message.Signature, 'base64');
}

/** SNS host names: `sns.<region>.amazonaws.com`, or `….amazonaws.com.cn`. */
const SNS_HOST = /^sns\.[a-z0-9-]{3,40}\.amazonaws\.com(\.cn)?$/;

/** Returns whether a URL is an HTTPS URL of an SNS host, without a port or credentials. Only such URLs are fetched. */
export function isSnsAddress(address: string | undefined): address is string {
  if (address === undefined || !URL.canParse(address)) return false;
  const { protocol, hostname, port, username, password } = new URL(address);
  return protocol === 'https:' && SNS_HOST.test(hostname) && port === '' && username === '' && password === '';
}
