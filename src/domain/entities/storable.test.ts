import { FermataError } from '../errors';
import { assertStorable, toStorable } from './storable';

const refused = (value: unknown): unknown => {
  try {
    assertStorable(value, 'state');
    return null;
  } catch (error) {
    return error instanceof FermataError ? error.errors?.[0]?.path : error;
  }
};

describe('storable text', () => {
  test('NUL and lone surrogates are refused with their path, in values and in keys', () => {
    expect(refused({ a: [{ b: 'x\0' }] })).toBe('state.a[0].b');
    expect(refused({ 'two words': '\ud83d' })).toBe('state["two words"]');
    expect(refused({ 'a\0': 1 })).toBe('state["a\\u0000"]');
    expect(refused('\udc00')).toBe('state');
  });

  test('complete surrogate pairs and other types are accepted', () => {
    expect(refused({ a: '😀', b: 1, c: null, d: [true, undefined], e: {} })).toBeNull();
  });

  test('texts of third parties are stored with replacement characters', () => {
    expect(toStorable({ 'k\0': ['a\ud800b', '😀', 1] })).toEqual({ 'k\ufffd': ['a\ufffdb', '😀', 1] });
    const untouched = { a: [1, 'x'] };
    expect(toStorable(untouched)).toBe(untouched);
  });

  test('a key called __proto__ remains a key', () => {
    const value = JSON.parse('{"__proto__": {"x": "\\u0000"}}') as unknown;
    expect(JSON.stringify(toStorable(value))).toBe('{"__proto__":{"x":"\ufffd"}}');
  });
});
