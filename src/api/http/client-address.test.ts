import type { IncomingMessage } from 'node:http';
import { isAddressRange } from '../../domain/address-range';
import { createClientAddress, createForwardedHttps } from './client-address';

const request = (remoteAddress: string, forwarded?: string) =>
  ({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } }) as unknown as IncomingMessage;

describe('the address of a client', () => {
  const addressOf = createClientAddress(['10.0.0.0/8', '::1', '192.0.2.7']);
  it.each([
    ['the peer without a header', '10.1.2.3', undefined, '10.1.2.3'],
    ['the forwarded address of a trusted proxy', '10.1.2.3', '203.0.113.9', '203.0.113.9'],
    ['the last address that is not a proxy', '10.1.2.3', '198.51.100.1, 203.0.113.9, 192.0.2.7', '203.0.113.9'],
    ['the peer when it is not trusted', '203.0.113.9', '127.0.0.1', '203.0.113.9'],
    ['the peer when the header is invalid', '10.1.2.3', 'unknown', '10.1.2.3'],
    ['the address after an invalid part of the header', '10.1.2.3', '198.51.100.1, <script>, 10.9.9.9', '10.9.9.9'],
    [
      'the forwarded address when the proxy has an IPv4 address mapped into IPv6',
      '::ffff:10.1.2.3',
      '2001:db8::1',
      '2001:db8::1',
    ],
    ['the first proxy when all are trusted', '::1', '10.0.0.1, 10.0.0.2', '10.0.0.1'],
  ])('is %s', (_, peer, forwarded, expected) => {
    expect(addressOf(request(peer, forwarded))).toBe(expected);
  });

  it('is the peer when no proxy is trusted', () => {
    expect(createClientAddress([])(request('127.0.0.1', '203.0.113.9'))).toBe('127.0.0.1');
  });
});

describe('HTTPS of a client', () => {
  const isHttps = createForwardedHttps(['10.0.0.0/8']);
  const by = (remoteAddress: string, proto?: string) =>
    ({ socket: { remoteAddress }, headers: { 'x-forwarded-proto': proto } }) as unknown as IncomingMessage;
  it.each([
    ['is reported by a trusted proxy', '10.1.2.3', 'https', true],
    ['is that of the proxy next to the client', '10.1.2.3', 'HTTPS, http', true],
    ['is absent if the proxy next to the client received HTTP', '10.1.2.3', 'http, https', false],
    ['is absent without the header', '10.1.2.3', undefined, false],
    ['is not believed from other peers', '203.0.113.9', 'https', false],
  ])('%s', (_, peer, proto, expected) => {
    expect(isHttps(by(peer, proto))).toBe(expected);
  });

  it('is not believed if no proxy is trusted', () => {
    expect(createForwardedHttps([])(by('127.0.0.1', 'https'))).toBe(false);
  });
});

it.each([
  ['10.0.0.0/8', true],
  ['::1', true],
  ['10.0.0.0/33', false],
  ['proxy', false],
  ['', false],
])('isAddressRange(%j) is %s', (text, valid) => {
  expect(isAddressRange(text)).toBe(valid);
});
