import { plainPath } from './plain-path';

const base = 'https://jira.example.com/rest/api/3';

it.each(['..', '.', '../x', 'x/..?y', '..#z'])('refuses an id that changes the path of the resource: %s', (id) => {
  expect(() => plainPath(`${base}/issue/${id}`)).toThrow('in the path');
});

it('accepts such a part in a query', () => {
  expect(plainPath(`${base}/search?jql=a/../b`)).toBe(`${base}/search?jql=a/../b`);
});

it.each(['OPS-1', '...', '..a', 'a..', '%2E%2E', '%252e%252e', ''])('accepts any other id: %s', (id) => {
  const url = `${base}/issue/${encodeURIComponent(id)}/transitions?maxResults=100`;
  expect(plainPath(url)).toBe(url);
  expect(new URL(url).pathname).toContain('/issue/');
});
