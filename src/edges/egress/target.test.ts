import { ProviderFailure } from '../../integrations/provider-failure';
import { createAllowList } from './allow-list';
import { checkTarget } from './target';

const nothing = createAllowList([]);

const refusalFor = (url: string, allow = nothing) => {
  try {
    checkTarget(new URL(url), allow);
    return null;
  } catch (error) {
    if (error instanceof ProviderFailure) return { code: error.code, retryable: error.retryable };
    throw error;
  }
};

it.each([
  ['decimal', 'http://2130706433/'],
  ['octal', 'http://0177.0.0.1/'],
  ['octal in one number', 'http://017700000001/'],
  ['hexadecimal', 'http://0x7f000001/'],
  ['hexadecimal parts', 'http://0x7f.0x0.0x0.0x1/'],
  ['short', 'http://127.1/'],
  ['zero', 'http://0/'],
  ['with a trailing dot', 'http://127.0.0.1./'],
  ['percent-encoded', 'http://%31%32%37.0.0.1/'],
  ['full-width digits', 'http://１２７.０.０.１/'],
  ['ideographic full stops', 'http://127。0。0。1/'],
  ['circled digits', 'http://①②⑦.⓪.⓪.①/'],
  ['metadata', 'http://169.254.169.254/latest/meta-data/'],
  ['metadata as a number', 'http://2852039166/'],
  ['IPv6 loopback', 'http://[::1]:8080/'],
  ['IPv6 unspecified', 'http://[::]/'],
  ['IPv4 mapped into IPv6', 'http://[::ffff:127.0.0.1]/'],
  ['IPv4 mapped, in hexadecimal', 'http://[::ffff:7f00:1]/'],
  ['IPv4 mapped, in full', 'http://[0:0:0:0:0:ffff:a9fe:a9fe]/'],
  ['IPv4-compatible', 'http://[::127.0.0.1]/'],
  ['NAT64', 'http://[64:ff9b::169.254.169.254]/'],
  ['6to4', 'http://[2002:7f00:1::1]/'],
  ['unique local', 'https://[fd00:ec2::254]/'],
  ['link-local IPv6', 'http://[fe80::1]/'],
  ['private with a port', 'https://10.0.0.1:8443/'],
  ['backslashes', 'http:\\\\127.0.0.1\\'],
  ['a user name', 'http://user@93.184.215.14/'],
  ['a user name that looks like a host', 'http://93.184.215.14@127.0.0.1/'],
  ['a password', 'https://:secret@example.com/'],
  ['file', 'file:///etc/passwd'],
  ['ftp', 'ftp://93.184.215.14/'],
  ['gopher', 'gopher://93.184.215.14/'],
  ['data', 'data:text/plain,hello'],
  ['javascript', 'javascript:alert(1)'],
  ['websocket', 'ws://93.184.215.14/'],
])('refuses %s: %s', (_, url) => {
  expect(refusalFor(url)).toEqual({ code: 'egress_refused', retryable: false });
});

it.each(['http://93.184.215.14/', 'https://example.com/hook', 'http://[2606:4700:4700::1111]/', 'http://localhost/'])(
  'does not refuse %s before the lookup',
  (url) => {
    expect(refusalFor(url)).toBeNull();
  },
);

it('accepts an allowed address in any notation, and only on the allowed port', () => {
  expect(refusalFor('http://2130706433:8080/', createAllowList(['127.0.0.1:8080']))).toBeNull();
  expect(refusalFor('http://127.0.0.1:8081/', createAllowList(['127.0.0.1:8080']))).not.toBeNull();
  expect(refusalFor('http://[::ffff:127.0.0.1]/', createAllowList(['127.0.0.0/8']))).toBeNull();
});

it('refuses a user name even for an allowed host', () => {
  expect(refusalFor('http://user@127.0.0.1/', createAllowList(['127.0.0.1']))).not.toBeNull();
});
