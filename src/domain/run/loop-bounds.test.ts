import { FermataError } from '../errors';
import { countOf, listOf } from './loop-bounds';

const refusal = (what: () => unknown) => {
  try {
    return what();
  } catch (error) {
    return error instanceof FermataError ? `${error.code} ${error.message}` : error;
  }
};

describe('the number of iterations', () => {
  it('is a whole number up to 10,000, even as text', () => {
    expect([0, 10_000, ' 12 '].map(countOf)).toEqual([0, 10_000, 12]);
    const wrong = [-1, 1.5, 10_001, '', 'x', null, undefined].map((value) => refusal(() => countOf(value)));
    expect(wrong.map((text) => String(text).replace(/.*got /, ''))).toEqual([
      ...['-1', '1.5', '10001', '""', '"x"', 'null', 'nothing'],
    ]);
  });

  it('is the length of a list of at most 10,000 items and 1 MB; for other values, the error names the type', () => {
    expect(listOf([1, 'a'])).toEqual([1, 'a']);
    const types = ['text', 5, true, { a: 1 }, null, undefined].map((value) => refusal(() => listOf(value)));
    expect(types.map((text) => String(text).replace(/.*got /, ''))).toEqual([
      ...['string', 'number', 'boolean', 'object', 'null', 'nothing'],
    ]);
    for (const large of [Array(10_001).fill(1), Array(10).fill('é'.repeat(60_000))]) {
      expect(refusal(() => listOf(large))).toContain('limit_exceeded');
    }
  });
});
