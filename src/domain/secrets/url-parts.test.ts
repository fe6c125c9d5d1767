import { createMask } from './mask-values';
import { urlParts } from './url-parts';

describe('a secret that is a URL', () => {
  const url =
    'https://hooks.example.com/services/T00AAA/B00BBB/hookcanary8sYx?sig=a%2Fb%2Bcanary9&page=2&name=sendMessage';
  const mask = createMask([`${url}\n`]);

  it.each([
    ['Cannot POST /services/T00AAA/B00BBB/hookcanary8sYx', 'Cannot POST ****'],
    [`GET ${url.slice('https://hooks.example.com'.length)} failed`, 'GET **** failed'],
    ['no hook hookcanary8sYx in T00AAA', 'no hook **** in T00AAA'],
    ['wrong signature a/b+canary9', 'wrong signature ****'],
    ['wrong signature a%2Fb%2Bcanary9', 'wrong signature ****'],
    ['{"path":"\\/services\\/T00AAA\\/B00BBB\\/hookcanary8sYx"}', '{"path":"****"}'],
    ['&#x2F;services&#x2F;T00AAA&#x2F;B00BBB&#x2F;hookcanary8sYx', '****'],
    ['the services of page 2 accept sendMessage', 'the services of page 2 accept sendMessage'],
    ['hooks.example.com is down', 'hooks.example.com is down'],
  ])('is hidden in %j', (text, expected) => {
    expect(mask(text)).toBe(expected);
  });
});

it.each<[string, string[]]>([
  ['https://x.example/webhooks', []],
  ['https://x.example/', []],
  ['https://x.example/hooks/incoming/', ['/hooks/incoming']],
  ['https://x.example/a?api-version=2016-06-01', ['/a?api-version=2016-06-01']],
  ['http://operator-7:pa55@x.example/', ['operator-7', 'pa55']],
  ['ftp://x.example/services/T00AAA/hookcanary8sYx', []],
  ['see https://x.example/services/hookcanary8sYx', []],
  ['https://x.example/bot1:AAcanary9/getUpdates', ['/bot1:AAcanary9/getUpdates', 'bot1:AAcanary9']],
])('the parts of %s that are masked are %j', (text, parts) => {
  expect([...new Set(urlParts(text))]).toEqual(parts);
});

it('has a bounded number of parts', () => {
  const long = `https://x.example/${'canary-01/'.repeat(5_000)}?${'a=canary-02&'.repeat(5_000)}`;
  expect(urlParts(long).length).toBeLessThan(500);
  expect(urlParts(`https://x.example/%E0%A4%A/canary-03`)).toContain('canary-03');
});
