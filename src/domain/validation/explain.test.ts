import { z } from 'zod';
import { explain, findingsOf, problemText } from './explain';

const Status = z.enum(['healthy', 'degraded', 'unhealthy']);
const Time = z.iso.datetime({ offset: true, error: 'must be an RFC 3339 time' });
const schema = z
  .strictObject({
    name: z.string().min(1).max(10),
    description: z.string(),
    group: z.string().nullable(),
    id: z.uuid(),
    mail: z.email(),
    slug: z.string().regex(/^[a-z]+$/),
    label: z.string().regex(/^[a-z]+$/, 'must have lower-case letters only'),
    path: z.string().startsWith('/'),
    count: z.number().min(0).max(100),
    whole: z.int(),
    above: z.number().gt(0),
    even: z.number().multipleOf(2),
    limit: z.coerce.number().max(200),
    flag: z.boolean(),
    status: Status,
    version: z.literal('v1'),
    at: Time,
    tags: z.array(z.string()).min(1).max(2),
    metadata: z.record(z.string(), z.string()),
    step: z.object({ reason: z.string(), error: z.boolean().default(false), id: z.string().optional() }),
    from: z.iso.datetime().or(z.iso.date()),
    statuses: Status.or(z.array(Status).min(1)),
    port: z.union([z.number(), z.string()]),
    pages: z.discriminatedUnion('type', [
      z.object({ type: z.literal('next'), next: z.string() }),
      z.object({ type: z.literal('cursor') }),
    ]),
    even2: z.number().refine((n) => n % 2 === 0),
    duration: z.string().refine((text) => text.endsWith('m'), 'Write the time as 5m'),
    window: z.strictObject({ count: z.number(), minutes: z.number() }),
    password: z.string(),
    pin: z.string().meta({ 'x-secret': true }),
    customHeaders: z.record(z.string(), z.string()),
    url: z.string().regex(/^https/, 'must be an https URL'),
  })
  .partial();

const messagesOf = (value: unknown) => {
  const parsed = explain(schema, value);
  return parsed.success ? [] : parsed.problems.map(({ message }) => message);
};

const UUID = '0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11';

test.each<[unknown, string]>([
  // types
  [{ name: 5 }, 'Expected a string, got the number 5'],
  [{ name: true }, 'Expected a string, got true'],
  [{ name: null }, 'Expected a string, got nothing (null)'],
  [{ name: ['x'] }, 'Expected a string, got a list'],
  [{ group: { a: 1 } }, 'Expected a string, got a map'],
  [{ count: '5' }, 'Expected a number, got the string "5"'],
  [{ count: '' }, 'Expected a number, got an empty string'],
  [{ count: 'x'.repeat(100) }, 'Expected a number, got a string'],
  [{ count: 'a\nb' }, 'Expected a number, got the string "a\\nb"'],
  [{ whole: 1.5 }, 'Expected a whole number, got the number 1.5'],
  [{ limit: 'abc' }, 'Expected a number, got the string "abc"'],
  [{ flag: 'yes' }, 'Expected true or false, got the string "yes"'],
  [{ tags: 'x' }, 'Expected a list of strings, got the string "x"'],
  [{ tags: {} }, 'Expected a list of strings, got a map'],
  [{ metadata: [] }, 'Expected a map, got an empty list'],
  [{ step: 'done' }, 'Expected a map with "reason", got the string "done"'],
  [[], 'Expected a map, got an empty list'],
  // missing values
  [{ step: {} }, '"reason" is missing; expected a string'],
  [{ window: { count: 1 } }, '"minutes" is missing; expected a number'],
  [{ pages: {} }, '"type" is missing; expected one of next, cursor'],
  // sizes and bounds
  [{ name: '' }, 'Must have at least 1 character, got none'],
  [{ name: 'x'.repeat(11) }, 'Must have at most 10 characters, got 11'],
  [{ tags: [] }, 'Must have at least 1 entry, got none'],
  [{ tags: ['a', 'b', 'c'] }, 'Must have at most 2 entries, got 3'],
  [{ count: -1 }, 'Must be at least 0, got -1'],
  [{ count: 101 }, 'Must be at most 100, got 101'],
  [{ above: 0 }, 'Must be above 0, got 0'],
  [{ even: 3 }, 'Must be a multiple of 2, got 3'],
  [{ limit: '500' }, 'Must be at most 200, got 500'],
  // values and formats
  [{ status: 'helthy' }, 'Expected one of healthy, degraded, unhealthy; got "helthy". Did you mean "healthy"?'],
  [{ status: 5 }, 'Expected one of healthy, degraded, unhealthy; got 5'],
  [{ status: ['healthy'] }, 'Expected one of healthy, degraded, unhealthy; got a list'],
  [{ version: 'v2' }, 'Expected v1, got "v2"'],
  [{ id: '5' }, 'Expected a UUID, got "5"'],
  [{ mail: 'ops' }, 'Expected an email address, got "ops"'],
  [{ slug: 'A' }, 'Must match /^[a-z]+$/, got "A"'],
  [{ path: 'tmp' }, 'Must start with "/", got "tmp"'],
  // messages of the schema
  [{ label: 'A b' }, 'must have lower-case letters only, got "A b"'],
  [{ at: 'today' }, 'must be an RFC 3339 time, got "today"'],
  [{ at: 5 }, 'must be an RFC 3339 time, got 5'],
  [{ duration: '5' }, 'Write the time as 5m, got "5"'],
  [{ even2: 3 }, 'This value is not accepted, got 3'],
  // unions
  [{ from: 'yesterday' }, 'Expected a time such as 2026-01-31T12:00:00Z or a date such as 2026-01-31, got "yesterday"'],
  [{ statuses: 'sick' }, 'Expected one of healthy, degraded, unhealthy or a list; got "sick"'],
  [{ statuses: ['sick'] }, '[0]: Expected one of healthy, degraded, unhealthy; got "sick"'],
  [{ statuses: [] }, 'Must have at least 1 entry, got none'],
  [{ port: [] }, 'Expected a number or a string, got an empty list'],
  [{ port: false }, 'Expected a number or a string, got false'],
  [{ pages: { type: 'nxt' } }, 'Expected one of next, cursor; got "nxt". Did you mean "next"?'],
  // unknown keys
  [{ nmae: 'x' }, 'Unknown key "nmae". Did you mean "name"?'],
  [{ window: { count: 1, minutes: 1, zzzzzz: 1 } }, 'Unknown key "zzzzzz". Known here: count, minutes'],
  // secrets
  [{ password: 12345678 }, 'Expected a string, got a number'],
  [{ pin: 1234 }, 'Expected a string, got a number'],
  [{ customHeaders: 'Authorization: x' }, 'Expected a map, got a string'],
  [{ url: 'http://me:secret@example.org' }, 'must be an https URL'],
  [{ url: 'http://example.org?key=secret' }, 'must be an https URL'],
  [{ url: 'http://example.org' }, 'must be an https URL, got "http://example.org"'],
])('the message for %j says what is expected and what was found', (value, message) => {
  expect(messagesOf(value)).toEqual([message]);
});

test('a value that satisfies the schema is returned', () => {
  expect(explain(schema, { id: UUID, limit: '5' })).toEqual({ success: true, data: { id: UUID, limit: 5 } });
});

test('a message that a schema declares says if the value is missing', () => {
  const parsed = explain(z.object({ at: Time }), {});
  expect(parsed).toMatchObject({ problems: [{ message: '"at" is missing; it must be an RFC 3339 time' }] });
});

test('a value of the wrong type is reported once, without the failures of its other checks', () => {
  expect(messagesOf({ tags: 'abc' })).toHaveLength(1);
});

test('each unknown key has its own message', () => {
  const parsed = explain(schema, { nmae: 'x', cuont: 1 });
  expect(parsed).toMatchObject({
    problems: [
      {
        code: 'unrecognized_keys',
        unknown: [
          { key: 'nmae', message: 'Unknown key "nmae". Did you mean "name"?' },
          { key: 'cuont', message: 'Unknown key "cuont". Did you mean "count"?' },
        ],
      },
    ],
  });
});

test('findings have the paths of the places in a document, and one finding for each unknown key', () => {
  const parsed = explain(schema, { tags: ['a', 5], metadata: { 'a key': 1 }, nmae: 'x', window: { zz: 1 } });
  const problems = parsed.success ? [] : parsed.problems;
  expect(findingsOf(problems, ['results', 0]).map(({ path, code }) => `${path} ${code}`)).toEqual([
    'results[0].tags[1] invalid_type',
    'results[0].metadata["a key"] invalid_type',
    'results[0].window.count invalid_type',
    'results[0].window.minutes invalid_type',
    'results[0].window.zz unknown_key',
    'results[0].nmae unknown_key',
  ]);
  expect(problemText(problems)).toContain('tags[1]: Expected a string, got the number 5; ');
});

test('of the many unknown keys of a map, the first 200 are reported', () => {
  const keys = Array.from({ length: 20_000 }, (_, n) => `k${n}`);
  const parsed = explain(schema, Object.fromEntries(keys.map((key) => [key, 1])));
  const unknown = parsed.success ? [] : parsed.problems.flatMap((problem) => problem.unknown);
  expect(unknown.map(({ key }) => key)).toEqual(keys.slice(0, 200));
});

test('no value is shown when the caller declares all values secret', () => {
  const parsed = explain(schema, { status: 'sick', name: 5, port: [], statuses: ['sick'] }, () => true);
  const messages = parsed.success ? [] : parsed.problems.map(({ message }) => message);
  expect(messages).toEqual([
    'Expected a string, got a number',
    'Expected one of healthy, degraded, unhealthy; got a string',
    '[0]: Expected one of healthy, degraded, unhealthy; got a string',
    'Expected a number or a string, got an empty list',
  ]);
});

test("schemas that are parsed directly have these messages too, instead of zod's", () => {
  const [issue] = z.object({ name: z.string() }).safeParse({ name: 5 }).error?.issues ?? [];
  expect(issue?.message).toBe('Expected a string, got the number 5');
  const [hidden] = z.object({ token: z.string() }).safeParse({ token: 5 }).error?.issues ?? [];
  expect(hidden?.message).toBe('Expected a string, got a number');
});
