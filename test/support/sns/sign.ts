import { createSign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const file = (name: string): string => readFileSync(join(__dirname, name), 'utf8');

/** Returns a certificate for tests. Its key is in the same directory. */
export const certificate = (): string => file('certificate.pem');

const DIGESTS = { '1': 'RSA-SHA1', '2': 'RSA-SHA256' } as const;

/**
 * Signs a message as Amazon SNS does (https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html).
 * Does not use the service's own code.
 */
export function signSns(
  message: Record<string, unknown>,
  version: keyof typeof DIGESTS = '1',
): Record<string, unknown> {
  const names =
    message['Type'] === 'Notification'
      ? ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']
      : ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];
  let text = '';
  for (const name of names) if (name in message) text += `${name}\n${String(message[name])}\n`;
  const Signature = createSign(DIGESTS[version]).update(text).sign(file('key.pem'), 'base64');
  return { ...message, SignatureVersion: version, Signature };
}
