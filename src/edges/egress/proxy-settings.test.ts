import { proxyFor, readProxySettings } from './proxy-settings';

const env = {
  HTTP_PROXY: 'http://proxy:3128',
  HTTPS_PROXY: 'proxy:3129',
  NO_PROXY: 'a.example, .b.example,10.0.0.0/8 *.c.example:8443',
};
const route = (url: string, setting = 'env', given: Record<string, string> = env) => {
  const { protocol, hostname, port } = new URL(url);
  const at = {
    protocol,
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port) || (protocol === 'https:' ? 443 : 80),
  };
  return proxyFor(readProxySettings(setting, given), at)?.href ?? null;
};

it.each([
  ['http://x.example/', 'http://proxy:3128/'],
  ['https://x.example/', 'http://proxy:3129/'],
  ['https://a.example/', null],
  ['https://www.a.example/', null],
  ['https://nota.example/', 'http://proxy:3129/'],
  ['https://b.example/', null],
  ['https://10.1.2.3/', null],
  ['https://11.1.2.3/', 'http://proxy:3129/'],
  ['https://x.c.example:8443/', null],
  ['https://x.c.example/', 'http://proxy:3129/'],
])('%s uses %s', (url, proxy) => {
  expect(route(url)).toBe(proxy);
});

it('prefers a URL, ignores the environment if set to none, and refuses an invalid proxy', () => {
  expect(route('https://x.example', 'https://other:8443')).toBe('https://other:8443/');
  expect(route('https://a.example', 'https://other:8443')).toBeNull();
  expect(route('https://x.example', 'none')).toBeNull();
  expect(route('https://x.example', 'env', {})).toBeNull();
  expect(route('https://x.example', 'env', { ...env, https_proxy: 'http://lower:1' })).toBe('http://lower:1/');
  expect(route('https://x.example', 'env', { HTTPS_PROXY: 'http://p', NO_PROXY: '*' })).toBeNull();
  expect(() => route('https://x.example', 'ftp://x')).toThrow('FERMATA_EGRESS_PROXY must be');
});
