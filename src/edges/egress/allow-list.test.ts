import { createAllowList } from './allow-list';

it.each([
  [['chat.internal'], 'chat.internal', 443, true],
  [['Chat.Internal'], 'CHAT.internal.', 80, true],
  [['chat.internal'], 'xchat.internal', 80, false],
  [['chat.internal'], 'a.chat.internal', 80, false],
  [['*.internal'], 'a.b.internal', 80, true],
  [['*.internal'], 'internal', 80, false],
  [['*.internal'], '.internal', 80, false],
  [['*.internal'], 'notinternal', 80, false],
  [['chat.internal:8443'], 'chat.internal', 8443, true],
  [['chat.internal:8443'], 'chat.internal', 443, false],
  [['10.0.0.0/8'], 'chat.internal', 443, false],
])('%j and the host %s on port %i: %s', (items, host, port, expected) => {
  expect(createAllowList(items).allowsHost(host, port)).toBe(expected);
});

it.each([
  [['127.0.0.1'], '127.0.0.1', 80, true],
  [['127.0.0.1'], '127.0.0.2', 80, false],
  [['127.0.0.1'], '::ffff:127.0.0.1', 80, true],
  [['::ffff:127.0.0.1'], '127.0.0.1', 80, true],
  [['127.0.0.1:9000'], '127.0.0.1', 9000, true],
  [['127.0.0.1:9000'], '127.0.0.1', 9001, false],
  [['10.0.0.0/8'], '10.255.0.1', 80, true],
  [['10.0.0.0/8'], '11.0.0.1', 80, false],
  [['10.0.0.0/8:9000'], '10.0.0.1', 80, false],
  [['10.0.0.0/8'], 'fd00::1', 80, false],
  [['fd00::/8'], 'fd12::1', 80, true],
  [['[::1]:8080'], '::1', 8080, true],
  [['[::1]'], '::1', 80, true],
  [['::1'], '::1', 80, true],
  [['localhost'], '127.0.0.1', 80, false],
])('%j and the address %s on port %i: %s', (items, address, port, expected) => {
  expect(createAllowList(items).allowsAddress(address, port)).toBe(expected);
});

it.each(['', 'not a host', 'http://chat.internal', '10.0.0', '1.2.3.4.5', 'chat.internal:99999', '*', '10.0.0.0/33'])(
  'refuses the entry "%s"',
  (item) => {
    expect(() => createAllowList([item])).toThrow(`"${item}"`);
  },
);
