import { BASE, startApiHarness, type ApiHarness } from './api-harness';

// Tests schemas and states whose checks once blocked the service for seconds to days.

let api: ApiHarness;
beforeAll(async () => {
  api = await startApiHarness();
});
afterAll(() => api.end());

const put = (schema: unknown) => api.call('PUT', `${BASE}/entity-kinds/attacked`, { body: { schema } });
const set = (state: unknown) => api.call('PUT', `${BASE}/entities/attacked/one`, { body: state });

const nested = (levels: number): object => (levels === 0 ? {} : { anyOf: [nested(levels - 1), nested(levels - 1)] });

it.each<[string, unknown]>([
  ['a schema that refers to itself', { $ref: '#' }],
  ['a remote schema', { $ref: 'http://169.254.169.254/schema' }],
  ['nested anyOf', nested(11)],
  ['deep nesting', JSON.parse(`${'{"not":'.repeat(50)}{}${'}'.repeat(50)}`)],
  ['9,000 properties', { properties: Object.fromEntries(Array.from({ length: 9_000 }, (_, n) => [`p${n}`, {}])) }],
  ['a huge enum', { properties: { a: { enum: Array.from({ length: 20_000 }, (_, n) => `v${n}`) } } }],
  [
    'dependent schemas with a cycle',
    { $ref: '#/$defs/a', $defs: { a: { dependentSchemas: { x: { $ref: '#/$defs/a' } } } } },
  ],
  ['a pattern with back-references', { properties: { a: { pattern: '(a+)\\1' } } }],
  ['a pattern that does not parse', { patternProperties: { '(': {} } }],
  ['a schema of strings', { type: 'string' }],
])('refuses %s with the path of the error', async (_what, schema) => {
  const answer = await put(schema);
  expect(answer).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
  const [first] = answer.body['errors'] as { path: string }[];
  expect(first?.path).toMatch(/^schema/);
});

it('responds to other calls while states with malicious texts are checked', async () => {
  const text = { type: 'string', pattern: '^(a+)+$' };
  const schema = { properties: { a: text, b: { uniqueItems: true } }, patternProperties: { '^(x+)+$': {} } };
  expect((await put(schema)).status).toBe(200);
  const evil = {
    a: `${'a'.repeat(100_000)}!`,
    b: Array.from({ length: 10_000 }, (_, n) => ({ n })),
    [`${'x'.repeat(10_000)}!`]: 1,
  };
  const answers = await Promise.all([set(evil), api.call('GET', '/healthz', { token: null })]);
  expect(answers.map(({ status }) => status)).toEqual([422, 200]);
  expect(answers[0].body).toMatchObject({ errors: [{ path: 'a', code: 'pattern' }] });
  expect((await set({ a: 'aaa', b: [1, 2] })).status).toBe(200);
});

it('refuses a state whose check takes too long, and then checks another state', async () => {
  // Arrays are compared from their end, so each comparison reads all elements. That takes too long even on a fast machine.
  const entry = (n: number) => ({ a: [n, ...Array.from({ length: 30 }, () => 1)] });
  const entries = Array.from({ length: 900 }, (_, n) => entry(n));
  expect((await put({ properties: { a: { items: { enum: entries } } } })).status).toBe(200);
  const items = Array.from({ length: 14_000 }, () => entry(-1));
  expect(await set({ a: items })).toMatchObject({ status: 422, body: { errors: [{ code: 'schema_too_expensive' }] } });
  expect((await set({ a: [entries[0]] })).status).toBe(200);
});
