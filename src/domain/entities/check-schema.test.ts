import { checkEntitySchema, SCHEMA_LIMITS } from './check-schema';

type Schema = Record<string, unknown>;
const codes = (schema: Schema) => checkEntitySchema(schema).map(({ code, path }) => `${path}: ${code}`);
const nested = (levels: number, wrap: (inner: Schema) => Schema): Schema => {
  let schema: Schema = {};
  for (let level = 0; level < levels; level += 1) schema = wrap(schema);
  return schema;
};
const properties = (count: number): Schema => ({
  properties: Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, {}])),
});
/**
 * Returns a schema in which each definition refers to the next one twice. Its text is small, but it expands to 2^levels
 * schemas.
 */
const doubling = (levels: number): Schema => ({
  $ref: '#/$defs/d0',
  $defs: Object.fromEntries(
    Array.from({ length: levels }, (_, level) => [
      `d${level}`,
      level === levels - 1 ? {} : { anyOf: [{ $ref: `#/$defs/d${level + 1}` }, { $ref: `#/$defs/d${level + 1}` }] },
    ]),
  ),
});

it.each<[string, Schema]>([
  ['an empty schema', {}],
  ['an ordinary object', { type: 'object', properties: { a: { type: 'string', pattern: '^a+$' } }, required: ['a'] }],
  ['definitions', { properties: { a: { $ref: '#/$defs/name' } }, $defs: { name: { type: 'string' } } }],
  ['an escaped name', { properties: { a: { $ref: '#/$defs/a~1b%20c' } }, $defs: { 'a/b c': {} } }],
  [
    'draft 07',
    { $schema: 'http://json-schema.org/draft-07/schema#', dependencies: { a: ['b'], c: { required: ['d'] } } },
  ],
  ['annotations that are not standardized', { 'x-owner': { any: ['thing'] }, title: 'T', examples: [{}] }],
  ['objects or null', { type: ['object', 'null'] }],
  ['an anyOf with one object', { anyOf: [{ type: 'string' }, { type: 'object' }] }],
  ['properties named like keywords', { properties: { $dynamicRef: {}, $ref: { type: 'string' }, enum: {} } }],
  ['as many properties as are allowed', properties(SCHEMA_LIMITS.properties)],
])('accepts %s', (_what, schema) => {
  expect(checkEntitySchema(schema)).toEqual([]);
});

it.each<[string, Schema, string]>([
  ['a reference to the schema itself', { $ref: '#' }, 'schema.$ref: schema_reference'],
  ['a remote schema', { $ref: 'https://example.com/schema.json' }, 'schema.$ref: schema_reference'],
  ['the meta-schema', { $ref: 'https://json-schema.org/draft/2020-12/schema' }, 'schema.$ref: schema_reference'],
  ['a reference to a missing definition', { $ref: '#/$defs/none' }, 'schema.$ref: schema_reference'],
  ['a reference that is not a text', { properties: { a: { $ref: 5 } } }, 'schema.properties.a.$ref: schema_reference'],
  ['a reference into Object.prototype', { $ref: '#/$defs/toString', $defs: {} }, 'schema.$ref: schema_reference'],
  [
    'a recursive definition',
    { $ref: '#/$defs/a', $defs: { a: { properties: { b: { $ref: '#/$defs/a' } } } } },
    'schema.$defs.a.properties.b.$ref: schema_reference',
  ],
  [
    'unused definitions that refer to each other',
    { $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } },
    'schema.$defs.a.$ref.$ref: schema_reference',
  ],
  ['dynamic references', { $dynamicRef: '#a' }, 'schema.$dynamicRef: schema_keyword'],
  ['asynchronous schemas', { $async: true }, 'schema.$async: schema_keyword'],
  ['a keyword with a typo', { type: 'object', propertys: {} }, 'schema.propertys: schema_keyword'],
  ['an id of a nested schema', { properties: { a: { $id: 'urn:a' } } }, 'schema.properties.a.$id: schema_keyword'],
  ['a schema that is a text', { properties: { a: 'string' } }, 'schema.properties.a: invalid_schema'],
  ['9,000 properties', properties(9_000), 'schema: limit_exceeded'],
  ['too many properties', properties(SCHEMA_LIMITS.properties + 1), 'schema.properties: limit_exceeded'],
  [
    'a huge enum',
    { properties: { a: { enum: Array.from({ length: 5_000 }, (_, n) => n) } } },
    'schema.properties.a.enum: limit_exceeded',
  ],
  [
    'a long pattern',
    { properties: { a: { pattern: 'a'.repeat(501) } } },
    'schema.properties.a.pattern: limit_exceeded',
  ],
  ['doubling references', doubling(30), 'schema: limit_exceeded'],
  ['states that are texts', { type: 'string' }, 'schema: schema_not_object'],
  ['states that are lists', { type: ['array', 'null'] }, 'schema: schema_not_object'],
  ['states that are numbers by enum', { enum: [1, 2] }, 'schema: schema_not_object'],
  ['states that are a constant text', { const: 'a' }, 'schema: schema_not_object'],
  [
    'states that are texts by reference',
    { $ref: '#/$defs/t', $defs: { t: { type: 'string' } } },
    'schema: schema_not_object',
  ],
  ['states that are numbers by allOf', { allOf: [{}, { type: 'integer' }] }, 'schema: schema_not_object'],
  ['states that are texts by anyOf', { anyOf: [{ type: 'string' }, false] }, 'schema: schema_not_object'],
])('refuses %s', (_what, schema, expected) => {
  expect(codes(schema)).toContain(expected);
});

it.each<[string, Schema]>([
  ['nested objects', nested(30, (inner) => ({ properties: { a: inner } }))],
  ['nested anyOf', nested(30, (inner) => ({ anyOf: [inner] }))],
  ['an annotation of 10,000 levels', { default: nested(10_000, (inner) => ({ a: inner })) }],
])('refuses %s because of its depth', (_what, schema) => {
  expect(checkEntitySchema(schema)).toMatchObject([{ code: 'limit_exceeded' }]);
});

it('suggests the most similar keyword', () => {
  expect(checkEntitySchema({ requird: ['a'] })[0]?.message).toContain('Did you mean "required"?');
});
