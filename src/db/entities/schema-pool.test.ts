import { createSchemaPool } from './schema-pool';

const pool = createSchemaPool({ size: 1, deadlineMs: 5_000 });
const check = (schema: object, ...states: unknown[]) => pool.check(JSON.stringify(schema), states);

it('returns the errors of each state', async () => {
  const schema = {
    type: 'object',
    properties: { a: { type: 'integer' } },
    required: ['a'],
    additionalProperties: false,
  };
  const verdict = await check(schema, { a: 1 }, { a: 'x' }, {}, { a: 1, b: 2 });
  expect(verdict).toMatchObject({
    type: 'checked',
    errors: [
      [],
      [{ instancePath: '/a', keyword: 'type' }],
      [{ keyword: 'required', params: { missingProperty: 'a' } }],
      [{ keyword: 'additionalProperties', params: { additionalProperty: 'b' } }],
    ],
  });
});

it.each([
  ['^(a+)+$', `${'a'.repeat(50_000)}!`],
  ['^(a|a)*$', `${'a'.repeat(50_000)}!`],
  ['(.*a){12}$', 'a'.repeat(5_000)],
  ['^([a-zA-Z0-9]+\\s?)*$', `${'a '.repeat(20_000)}!`],
])('matches %s in linear time', async (pattern, text) => {
  const verdict = await check({ properties: { a: { type: 'string', pattern } } }, { a: text });
  expect(verdict.type).toBe('checked');
});

it('matches names of properties in linear time', async () => {
  const verdict = await check(
    { patternProperties: { '^(a+)+$': { type: 'integer' } } },
    { [`${'a'.repeat(50_000)}!`]: 'x', aaa: 'x' },
  );
  expect(verdict).toMatchObject({ type: 'checked', errors: [[{ instancePath: '/aaa' }]] });
});

it('distinguishes the patterns of one schema', async () => {
  const schema = {
    properties: { a: { pattern: '^a$' }, b: { pattern: '^b$' } },
    patternProperties: { '^c': { pattern: 'c' } },
  };
  expect(await check(schema, { a: 'a', b: 'b', c: 'c' }, { a: 'b', b: 'a', c: 'x' })).toMatchObject({
    type: 'checked',
    errors: [[], [{ instancePath: '/a' }, { instancePath: '/b' }, { instancePath: '/c' }]],
  });
});

it('reports that a pattern with backtracking cannot be used', async () => {
  expect(await check({ properties: { a: { pattern: '(a)\\1' } } })).toMatchObject({ type: 'unusable' });
  expect(await check({ properties: { a: { pattern: '[' } } })).toMatchObject({ type: 'unusable' });
  expect(await check({ properties: { a: { pattern: '((a{1000}){1000}){1000}' } } })).toMatchObject({
    type: 'unusable',
  });
});

it('compares items for uniqueItems in linear time, regardless of the order of their keys', async () => {
  const schema = { properties: { a: { uniqueItems: true } } };
  const items = Array.from({ length: 50_000 }, (_, n) => ({ a: { b: [n] }, c: 'same' }));
  expect(
    await check(
      schema,
      { a: items },
      {
        a: [
          { x: 1, y: 2 },
          { y: 2, x: 1 },
        ],
      },
      { a: [1, '1', [1]] },
    ),
  ).toMatchObject({
    type: 'checked',
    errors: [[], [{ keyword: 'uniqueItems' }], []],
  });
});

it('ends a check at its deadline and continues with another thread', async () => {
  const impatient = createSchemaPool({ size: 1, deadlineMs: 300 });
  // Each of the 300,000 items must be compared with each of these 300 entries.
  const entries = Array.from({ length: 300 }, (_, n) => ({ a: ['long', 'long', 'long', n] }));
  const schema = { properties: { a: { items: { enum: entries } } } };
  const slow = { a: Array.from({ length: 300_000 }, () => ({ a: ['long', 'long', 'long', -1] })) };
  const answers = await Promise.all([
    impatient.check(JSON.stringify(schema), [slow]),
    impatient.check(JSON.stringify({ type: 'object' }), [{}]),
  ]);
  expect(answers).toEqual([{ type: 'too_expensive' }, { type: 'checked', errors: [[]] }]);
});

it('reports why a schema is invalid', async () => {
  expect(await check({ type: 'nope' })).toMatchObject({
    type: 'unusable',
    message: expect.stringContaining('type') as string,
  });
});
