import { diffState, sameJson } from './diff';
import { mergePatch } from './merge-patch';
import { occurredAtOf } from './occurred-at';

const json = (text: string) => JSON.parse(text) as Record<string, unknown>;

describe('sameJson', () => {
  test('compares deeply and ignores the order of keys', () => {
    expect(sameJson({ a: [1, { b: null }], c: 'x' }, { c: 'x', a: [1, { b: null }] })).toBe(true);
    expect(sameJson({ a: [1, 2] }, { a: [2, 1] })).toBe(false);
    expect(sameJson({ a: undefined }, {})).toBe(true);
    expect(sameJson([], {})).toBe(false);
    expect(sameJson(1, '1')).toBe(false);
    expect(sameJson({ a: null }, {})).toBe(false);
  });

  test('inherited properties are not fields', () => {
    expect(sameJson({ toString: undefined, b: 1 }, { b: 1 })).toBe(true);
    expect(sameJson(json('{"constructor": 1}'), json('{"__proto__": 1}'))).toBe(false);
    expect(sameJson(json('{"__proto__": {"a": 1}}'), json('{"__proto__": {"a": 2}}'))).toBe(false);
  });
});

describe('diffState', () => {
  test('returns the changed top-level fields, sorted, with their new values', () => {
    expect(diffState({ b: 1, a: { x: 1 }, c: 1 }, { b: 2, a: { x: 2 }, c: 1, d: 1 })).toEqual({
      changedFields: ['a', 'b', 'd'],
      delta: { a: { x: 2 }, b: 2, d: 1 },
    });
  });

  test('creation and deletion are changes of every field', () => {
    expect(diffState(null, { a: 1 })).toEqual({ changedFields: ['a'], delta: { a: 1 } });
    expect(diffState({ a: 1 }, null)).toEqual({ changedFields: ['a'], delta: { a: null } });
  });
});

describe('mergePatch', () => {
  test.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[1,2]}', '{"a":{"x":1}}', '{"a":{"x":1}}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ])('RFC 7396: %s with %s is %s', (target, patch, result) => {
    expect(mergePatch(json(target), json(patch))).toEqual(json(result));
  });
});

describe('occurredAtOf', () => {
  const now = new Date('2026-11-20T10:00:00Z');
  const claimed = (offsetMs: number) => new Date(now.getTime() + offsetMs);

  test('is the time of the sender, at any age and up to five minutes in the future', () => {
    for (const offset of [-86_400_000, 0, 300_000]) expect(occurredAtOf(claimed(offset), now)).toEqual(claimed(offset));
  });

  test("is the time of receipt if the sender's time is later or unusable", () => {
    for (const bad of [claimed(300_001), new Date('nonsense'), undefined]) expect(occurredAtOf(bad, now)).toBe(now);
  });
});
