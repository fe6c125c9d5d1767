import { Ajv2020 } from 'ajv/dist/2020';
import { sampleOf } from './sample';

const ajv = new Ajv2020({ strict: false, formats: { 'date-time': true, uri: true, email: true } });
const string = (more: object = {}) => ({ type: 'string', ...more });

describe('a sample of a JSON Schema', () => {
  test.each<[string, object, unknown]>([
    ['an instant', string({ format: 'date-time' }), '2026-01-01T12:00:00.000Z'],
    ['an address', string({ format: 'uri' }), 'https://example.com/'],
    ['a mail address', string({ format: 'email' }), 'someone@example.com'],
    ['a choice', { enum: [null, 'high', 'low'] }, 'high'],
    ['a constant', { const: 'on' }, 'on'],
    ['a constant that is false', { const: false }, false],
    ['a simple pattern', string({ pattern: '^[A-Z]{3}-\\d+$' }), 'AAA-1'],
    ['a pattern that is not simple', string({ pattern: '^(?!x).*$' }), 'example'],
    ['a minimum of items', { type: 'array', minItems: 2, items: { type: 'integer' } }, [1, 1]],
    [
      'different items',
      { type: 'array', minItems: 3, uniqueItems: true, items: string() },
      ['example', 'example2', 'example3'],
    ],
    ['leading items', { type: 'array', prefixItems: [string(), { type: 'boolean' }] }, ['example', true]],
    ['no more items than allowed', { type: 'array', maxItems: 0, items: string() }, []],
    ['a reference', { $ref: '#/$defs/a~1b', $defs: { 'a/b': { const: 3 } } }, 3],
    ['a nullable type', { type: ['null', 'string'] }, 'example'],
    ['a range of numbers', { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 }, 0.5],
    ['a multiple', { type: 'integer', minimum: 7, multipleOf: 5 }, 10],
    ['negative numbers', { type: 'integer', maximum: -3 }, -3],
    ['parts', { allOf: [{ properties: { a: { const: 1 } } }, { properties: { b: { const: 2 } } }] }, { a: 1, b: 2 }],
    [
      'alternatives and properties',
      { type: 'object', properties: { a: { const: 1 } }, oneOf: [{ required: ['b'] }, { required: ['c'] }] },
      { a: 1, b: 'example' },
    ],
    ['required names without a schema', { type: 'object', required: ['x'] }, { x: 'example' }],
    [
      'a minimum of names',
      { type: 'object', minProperties: 2, additionalProperties: { type: 'integer' } },
      { example1: 1, example2: 1 },
    ],
  ])('of %s', (_what, schema, expected) => {
    expect(sampleOf(schema)).toEqual(expected);
    if (!JSON.stringify(schema).includes('(?!'))
      expect([ajv.validate(schema, expected), ajv.errors]).toEqual([true, null]);
  });

  test('of a text whose name suggests an instant is RFC 3339', () => {
    const fields = ['startedAt', 'ends_at', 'at', 'timestamp', 'format', 'that', 'flat'];
    const properties = Object.fromEntries(fields.map((field) => [field, string()]));
    expect(sampleOf({ type: 'object', properties })).toEqual({
      ...{ startedAt: '2026-01-01T12:00:00.000Z', ends_at: '2026-01-01T12:00:00.000Z' },
      ...{ at: '2026-01-01T12:00:00.000Z', timestamp: '2026-01-01T12:00:00.000Z' },
      ...{ format: 'example', that: 'example', flat: 'example' },
    });
  });

  test('of a recursive schema ends', () => {
    expect(
      JSON.stringify(
        sampleOf({ $ref: '#/$defs/node', $defs: { node: { properties: { next: { $ref: '#/$defs/node' } } } } }),
      ),
    ).toContain('null');
  });
});
