import { readFileSync } from 'node:fs';
import type { Egress } from '../egress/egress';
import { certificate, signSns } from '../../../test/support/sns/sign';
import { createSns } from './sns';

type Fields = Record<string, unknown>;

const NOW = new Date('2026-11-28T10:00:00Z');
const TOPIC = 'arn:aws:sns:eu-central-1:123456789012:alarms';
const notification = JSON.parse(readFileSync('examples/payloads/sns-firing.json', 'utf8')) as Fields;
const subscription: Fields = {
  ...{ Type: 'SubscriptionConfirmation', MessageId: 'm2', Token: 'token', TopicArn: TOPIC },
  ...{ Message: 'You have chosen to subscribe', Timestamp: '2026-11-28T09:59:00.000Z', SignatureVersion: '1' },
  SubscribeURL: `https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${TOPIC}&Token=token`,
  SigningCertURL: notification['SigningCertURL'],
};

/** Returns an egress that gives the specified AWS responses. All other requests get status 404. */
function aws(answers: Record<string, { status: number; body: string }>): { egress: Egress; requested: string[] } {
  const requested: string[] = [];
  const egress = {
    send: ({ url }: { url: string }) => {
      requested.push(url);
      return Promise.resolve({ status: 404, body: '', ...answers[url], headers: {}, url });
    },
  } as unknown as Egress;
  return { egress, requested };
}

const raw = (message: Fields) => Buffer.from(JSON.stringify(message));
const offline = () => createSns({ egress: aws({}).egress, certificates: certificate() });

describe('the verification of messages of Amazon SNS', () => {
  it.each(['1', '2'] as const)('accepts a valid signature of version %s', async (version) => {
    const message = signSns(notification, version);
    expect(await offline().verify(raw(message), [TOPIC], NOW)).toMatchObject({ MessageId: message['MessageId'] });
    expect(await offline().verify(raw(signSns(subscription, version)), [TOPIC], NOW)).not.toBeNull();
  });

  it('includes the subject in the signature only if the message has one', async () => {
    const { Subject: _, ...bare } = notification;
    expect(await offline().verify(raw(signSns(bare)), [TOPIC], NOW)).not.toBeNull();
    expect(await offline().verify(raw({ ...signSns(bare), Subject: 'added' }), [TOPIC], NOW)).toBeNull();
  });

  it('refuses altered messages, those signed by another key, and other bodies', async () => {
    const signed = signSns(notification);
    for (const change of [
      { Message: '{}' },
      { MessageId: 'other' },
      { TopicArn: `${TOPIC}2` },
      { Signature: Buffer.from('x').toString('base64') },
      { SignatureVersion: '2' },
      { SignatureVersion: '3' },
      { Type: 'Other' },
    ]) {
      expect(await offline().verify(raw({ ...signed, ...change }), [TOPIC, `${TOPIC}2`], NOW)).toBeNull();
    }
    expect(await offline().verify(Buffer.from('no json'), [TOPIC], NOW)).toBeNull();
    expect(await offline().verify(raw(notification), [TOPIC], NOW)).toBeNull();
  });

  it('refuses topics that the hook does not list: every AWS customer can get signatures from SNS', async () => {
    expect(await offline().verify(raw(signSns(notification)), [], NOW)).toBeNull();
    expect(await offline().verify(raw(signSns(notification)), [`${TOPIC}-other`], NOW)).toBeNull();
  });

  it('downloads a certificate once, and only from hosts of SNS', async () => {
    const url = String(notification['SigningCertURL']);
    const { egress, requested } = aws({ [url]: { status: 200, body: certificate() } });
    const sns = createSns({ egress, certificates: undefined });
    for (let time = 0; time < 2; time += 1) {
      expect(await sns.verify(raw(signSns(notification)), [TOPIC], NOW)).not.toBeNull();
    }
    expect(requested).toEqual([url]);
    for (const SigningCertURL of [
      'https://example.com/c.pem',
      'http://sns.eu-central-1.amazonaws.com/c.pem',
      'https://sns.eu-central-1.amazonaws.com.example.com/c.pem',
      'https://user@sns.eu-central-1.amazonaws.com/c.pem',
      'https://sns.eu-central-1.amazonaws.com:8443/c.pem',
      'https://bucket.s3.amazonaws.com/c.pem',
      'file:///etc/passwd',
    ]) {
      expect(await sns.verify(raw(signSns({ ...notification, SigningCertURL })), [TOPIC], NOW)).toBeNull();
      expect(await offline().verify(raw(signSns({ ...notification, SigningCertURL })), [TOPIC], NOW)).toBeNull();
    }
    expect(requested).toEqual([url]);
  });

  it('refuses a certificate that has expired or is not valid yet, and a failed download', async () => {
    const message = raw(signSns(notification));
    expect(await offline().verify(message, [TOPIC], new Date('2000-01-01T00:00:00Z'))).toBeNull();
    expect(await offline().verify(message, [TOPIC], new Date('2200-01-01T00:00:00Z'))).toBeNull();
    expect(
      await createSns({ egress: aws({}).egress, certificates: undefined }).verify(message, [TOPIC], NOW),
    ).toBeNull();
  });

  it('confirms a subscription with its address, but only at SNS', async () => {
    const url = String(subscription['SubscribeURL']);
    const { egress, requested } = aws({ [url]: { status: 200, body: '<ConfirmSubscriptionResponse/>' } });
    const sns = createSns({ egress, certificates: certificate() });
    const message = await sns.verify(raw(signSns(subscription)), [TOPIC], NOW);
    if (message === null) throw new Error('not verified');
    await sns.confirm(message);
    expect(requested).toEqual([url]);
    const elsewhere = { ...message, SubscribeURL: 'https://169.254.169.254/latest/meta-data' };
    await expect(sns.confirm(elsewhere)).rejects.toMatchObject({ code: 'provider_failed' });
    const gone = { ...message, SubscribeURL: 'https://sns.eu-central-1.amazonaws.com/gone' };
    await expect(sns.confirm(gone)).rejects.toMatchObject({ code: 'provider_failed' });
    expect(requested).toHaveLength(2);
  });
});
