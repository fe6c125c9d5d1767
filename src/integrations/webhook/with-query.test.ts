import { withQuery } from './with-query';

it.each([
  ['https://a.example/x', {}, 'https://a.example/x'],
  ['https://a.example/x', { q: 'Disk 91% & rising #1' }, 'https://a.example/x?q=Disk%2091%25%20%26%20rising%20%231'],
  ['https://a.example/x?a=1#f', { b: 2 }, 'https://a.example/x?a=1&b=2#f'],
  ['https://a.example', { tag: ['x', 'y'], gone: null, on: true }, 'https://a.example/?tag=x&tag=y&on=true'],
])('adds parameters to %s', (url, query, expected) => {
  expect(withQuery(url, query)).toBe(expected);
});
