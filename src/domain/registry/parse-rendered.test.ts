import { z } from 'zod';
import { parseRendered } from './parse-rendered';

const schema = z.strictObject({
  title: z.string().max(10),
  count: z.number().optional(),
  fields: z.array(z.strictObject({ name: z.string(), value: z.string() })).default([]),
});

test('numbers and booleans become text if the schema expects text, at any depth', () => {
  const config = { title: 3, count: 4, fields: [{ name: 'up', value: true }] };
  expect(parseRendered(schema, config)).toEqual({
    success: true,
    data: { title: '3', count: 4, fields: [{ name: 'up', value: 'true' }] },
  });
});

test('a missing value, an object or a text that is too long is still an error with its path', () => {
  const problemsOf = (config: unknown) => {
    const parsed = parseRendered(schema, config);
    return parsed.success ? [] : parsed.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  };
  expect(problemsOf({ title: null })).toEqual(['title: Invalid input: expected string, received null']);
  expect(problemsOf({})).toEqual(['title: Invalid input: expected string, received undefined']);
  expect(problemsOf({ title: { a: 1 } })).toEqual(['title: Invalid input: expected string, received object']);
  expect(problemsOf({ title: 12345678901, count: 'x' })).toEqual([
    'title: Too big: expected string to have <=10 characters',
    'count: Invalid input: expected number, received string',
  ]);
});

test('a valid configuration is not changed', () => {
  const config = { title: 'x' };
  expect(parseRendered(schema, config)).toEqual({ success: true, data: { title: 'x', fields: [] } });
});
