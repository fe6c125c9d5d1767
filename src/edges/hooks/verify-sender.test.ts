import { createHmac } from 'node:crypto';
import { expectationOf, type HookOptions } from '../../domain/hooks/scheme';
import type { HookScheme } from '../../domain/hooks/scheme-names';
import { verifySender } from './verify-sender';

const now = new Date('2026-11-28T12:00:00Z');
const seconds = now.getTime() / 1_000;
const body = '{"event":{"id":"01E"}}';
const sign = (secret: string | Buffer, text: string, encoding: 'hex' | 'base64' = 'hex', hash = 'sha256') =>
  createHmac(hash, secret).update(text).digest(encoding);

interface Case {
  options?: HookOptions;
  header?: string;
  secrets?: string[];
  headers: Record<string, string>;
  raw?: string;
}

const check = (scheme: HookScheme, { options = {}, header, secrets = ['s3cret'], headers, raw = body }: Case) =>
  verify(scheme, { options, secrets, headers, raw, ...(header !== undefined && { header }) }) !== null;
const verify = (scheme: HookScheme, { options = {}, header, secrets = ['s3cret'], headers, raw = body }: Case) =>
  verifySender(expectationOf({ scheme, header: header ?? null, options }), secrets, {
    headers,
    raw: Buffer.from(raw),
    now,
  });

const whsec = `whsec_${Buffer.from('standard key').toString('base64')}`;

describe('signatures that the vendors document', () => {
  it.each<[HookScheme, Case]>([
    ['github', { headers: { 'x-hub-signature-256': `sha256=${sign('s3cret', body)}` } }],
    ['gitlab', { headers: { 'x-gitlab-token': 's3cret' } }],
    ['pagerduty', { headers: { 'x-pagerduty-signature': `v1=${sign('s3cret', body)}` } }],
    ['pagerduty', { headers: { 'x-pagerduty-signature': `v1=${'0'.repeat(64)},v1=${sign('s3cret', body)}` } }],
    [
      'slack',
      {
        headers: {
          'x-slack-request-timestamp': String(seconds),
          'x-slack-signature': `v0=${sign('s3cret', `v0:${seconds}:${body}`)}`,
        },
      },
    ],
    ['stripe', { headers: { 'stripe-signature': `t=${seconds},v1=${sign('s3cret', `${seconds}.${body}`)},v0=ab` } }],
    [
      'standard-webhooks',
      {
        secrets: [whsec],
        headers: {
          'webhook-id': 'msg_1',
          'webhook-timestamp': String(seconds),
          'webhook-signature': `v1,AAAA v1,${sign('standard key', `msg_1.${seconds}.${body}`, 'base64')}`,
        },
      },
    ],
    ['sentry', { headers: { 'sentry-hook-signature': sign('s3cret', body) } }],
    ['grafana', { headers: { 'x-grafana-alerting-signature': sign('s3cret', body) } }],
    [
      'grafana',
      {
        options: { timestampHeader: 'X-Grafana-Alerting-Timestamp' },
        headers: {
          'x-grafana-alerting-timestamp': String(seconds),
          'x-grafana-alerting-signature': sign('s3cret', `${seconds}:${body}`),
        },
      },
    ],
    ['shopify', { headers: { 'x-shopify-hmac-sha256': sign('s3cret', body, 'base64') } }],
    ['linear', { headers: { 'linear-signature': sign('s3cret', body) } }],
    ['bitbucket', { headers: { 'x-hub-signature': `sha256=${sign('s3cret', body)}` } }],
    ['timestamped', { headers: { 'x-signature': `t=${seconds},v1=${sign('s3cret', `${seconds}.${body}`)}` } }],
    [
      'hmac',
      {
        header: 'X-Sig',
        options: {
          digest: 'sha512',
          encoding: 'base64',
          prefix: 'a:',
          separator: ';',
          signedText: '{header:X-N}|{body}',
        },
        headers: { 'x-n': '7', 'x-sig': `b:x; a:${sign('s3cret', `7|${body}`, 'base64', 'sha512')}` },
      },
    ],
    ['hmac', { secrets: ['old', 'new'], headers: { 'x-signature': sign('old', body).toUpperCase() } }],
  ])('are accepted for %s, and refused with another secret, header or body (%#)', (scheme, valid) => {
    expect(check(scheme, valid)).toBe(true);
    expect(check(scheme, { ...valid, secrets: ['other'] })).toBe(false);
    expect(check(scheme, { ...valid, headers: {} })).toBe(false);
    if (scheme !== 'gitlab') expect(check(scheme, { ...valid, raw: `${body} ` })).toBe(false);
  });
});

describe('timestamps', () => {
  const slack = (at: number | string) =>
    check('slack', {
      headers: {
        'x-slack-request-timestamp': String(at),
        'x-slack-signature': `v0=${sign('s3cret', `v0:${at}:${body}`)}`,
      },
    });
  it.each([
    [seconds - 300, true],
    [seconds + 300, true],
    [seconds - 301, false],
    [seconds + 301, false],
    [`${seconds}000`, true],
    ['soon', false],
    ['', false],
  ])('%s is accepted: %s', (at, accepted) => {
    expect(slack(at)).toBe(accepted);
  });
});

it('refuses a signature that covers a missing header', () => {
  const options = { signedText: '{id}.{body}', deliveryHeader: 'X-Id' };
  expect(check('hmac', { options, headers: { 'x-signature': sign('s3cret', `.${body}`) } })).toBe(false);
});

describe('a copy of a signed request', () => {
  const slackMac = sign('s3cret', `v0:${seconds}:${body}`);
  const timedMac = sign('s3cret', `${seconds}.${body}`);
  const slack = (signature: string) => ({
    headers: { 'x-slack-request-timestamp': String(seconds), 'x-slack-signature': signature },
  });
  it.each<[string, HookScheme, Case[]]>([
    [
      'in other spellings',
      'slack',
      [
        slack(`v0=${slackMac}`),
        slack(`v0=${slackMac.toUpperCase()}`),
        slack(`v0=00,v0=${slackMac}`),
        slack(` v0=${slackMac} ,`),
      ],
    ],
    [
      'with further signatures',
      'stripe',
      [
        { headers: { 'stripe-signature': `t=${seconds},v1=${timedMac}` } },
        { headers: { 'stripe-signature': `v1=${timedMac.toUpperCase()},t=${seconds},v1=${'0'.repeat(64)}` } },
      ],
    ],
    [
      'without padding',
      'shopify',
      [
        { headers: { 'x-shopify-hmac-sha256': sign('s3cret', body, 'base64') } },
        { headers: { 'x-shopify-hmac-sha256': sign('s3cret', body, 'base64').replace(/=+$/, '') } },
      ],
    ],
    [
      'with the other of two secrets',
      'github',
      ['one', 'two'].map((secret) => ({
        secrets: ['one', 'two'],
        headers: { 'x-hub-signature-256': `sha256=${sign(secret, body)}` },
      })),
    ],
  ])('%s is recognised as the same request', (_, scheme, copies) => {
    const hashes = copies.map((copy) => verify(scheme, copy)?.signedHash);
    expect(hashes[0]).toEqual(expect.any(String));
    expect(new Set(hashes).size).toBe(1);
  });
});
