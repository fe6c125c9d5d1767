import { z } from 'zod';
import { parseRendered } from './parse-rendered';

const schema = z.strictObject({
  title: z.string().max(10),
  count: z.number().optional(),
  fields: z.array(z.strictObject({ name: z.string(), value: z.string() })).default([]),
});

test('numbers and booleans become strings if the schema expects a string, at any depth', () => {
  const config = { title: 3, count: 4, fields: [{ name: 'up', value: true }] };
  expect(parseRendered(schema, config)).toEqual({
    success: true,
    data: { title: '3', count: 4, fields: [{ name: 'up', value: 'true' }] },
  });
});

test('a missing value, an object or a string that is too long is still an error with its path', () => {
  const problemsOf = (config: unknown) => {
    const parsed = parseRendered(schema, config);
    return parsed.success ? [] : parsed.problems.map(({ path, message }) => `${path.join('.')}: ${message}`);
  };
  expect(problemsOf({ title: null })).toEqual(['title: Expected a string, got nothing (null)']);
  expect(problemsOf({})).toEqual(['title: "title" is missing; expected a string']);
  expect(problemsOf({ title: { a: 1 } })).toEqual(['title: Expected a string, got a map']);
  expect(problemsOf({ title: 12345678901, count: 'x' })).toEqual([
    'title: Must have at most 10 characters, got 11',
    'count: Expected a number, got the string "x"',
  ]);
});

test('a valid configuration is not changed', () => {
  const config = { title: 'x' };
  expect(parseRendered(schema, config)).toEqual({ success: true, data: { title: 'x', fields: [] } });
});
