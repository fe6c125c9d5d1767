import { encodeBody } from './encode-body';

it.each([
  ['json', { a: 1, b: ['x'] }, '{"a":1,"b":["x"]}', 'application/json'],
  ['json', [1, 2], '[1,2]', 'application/json'],
  ['json', '{"already": "text"}', '{"already": "text"}', 'application/json'],
  ['json', 5, '5', 'application/json'],
  [
    'form',
    { a: 'x y&z', n: 1, off: false, none: null },
    'a=x+y%26z&n=1&off=false&none=',
    'application/x-www-form-urlencoded',
  ],
  [
    'form',
    { tag: ['a', 'b'], deep: { x: 1 } },
    'tag=a&tag=b&deep=%7B%22x%22%3A1%7D',
    'application/x-www-form-urlencoded',
  ],
  ['form', 'a=1&b=2', 'a=1&b=2', 'application/x-www-form-urlencoded'],
  ['text', 'grüße', 'grüße', 'text/plain; charset=utf-8'],
  ['text', { a: 1 }, '{"a":1}', 'text/plain; charset=utf-8'],
  ['text', '', '', 'text/plain; charset=utf-8'],
] as const)('sends as %s: %j', (contentType, body, text, mediaType) => {
  const copy = structuredClone(body) as Parameters<typeof encodeBody>[0]['body'];
  expect(encodeBody({ contentType, body: copy })).toEqual({ text, mediaType });
});

it('sends nothing without a body', () => {
  expect(encodeBody({ contentType: 'json', body: undefined })).toBeNull();
});

it('treats field names like __proto__ as plain data', () => {
  const body = JSON.parse('{"__proto__": "x", "constructor": "y"}') as Record<string, unknown>;
  expect(encodeBody({ contentType: 'form', body })?.text).toBe('__proto__=x&constructor=y');
});
