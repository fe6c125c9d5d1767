import { ExpressionError } from './error';
import { MAX_DEPTH, MAX_SOURCE, parseExpression } from './parse';
import { printExpression } from './print';

function errorOf(source: string): ExpressionError {
  try {
    parseExpression(source);
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
  throw new Error(`${source} was accepted`);
}

const print = (source: string): string => printExpression(parseExpression(source));

describe('the grammar', () => {
  it.each([
    ['a ? b : c | f', 'a ? b : c | f'],
    ['(a ? b : c) | f', '(a ? b : c) | f'],
    ['a | f ? b : c', 'a | f ? b : c'],
    ['a || b | f', 'a || b | f'],
    ['a || (b | f)', 'a || (b | f)'],
    ['(a && b) || c', 'a && b || c'],
    ['a && (b || c)', 'a && (b || c)'],
    ['a == b && c < d', 'a == b && c < d'],
    ['a == (b < c)', 'a == b < c'],
    ['(a == b) < c', '(a == b) < c'],
    ['a - (b - c) - d', 'a - (b - c) - d'],
    ['a + b * -c', 'a + b * -c'],
    ['(a + b) * c', '(a + b) * c'],
    ['!a.b', '!a.b'],
    ['(!a).b', '(!a).b'],
    ['--1', '--1'],
    ['a["b"]["c d"][0][x]', 'a.b["c d"][0][x]'],
    ['not a and b or c in [1, "x"]', '!a && b || c in [1, "x"]'],
    ['\'it\\\'s\' + "\\n\\""', '"it\'s" + "\\n\\""'],
    ['a ? b : c ? d : e', 'a ? b : c ? d : e'],
    ['(a ? b : c) ? d : e', '(a ? b : c) ? d : e'],
    ['x | f | g(1, y | h)', 'x | f | g(1, y | h)'],
    ['x | not', 'x | not'],
    ['a.in.not.true', 'a.in.not.true'],
    ['1e3 + 1.50', '1000 + 1.5'],
    ['größe > 1', 'größe > 1'],
    ['a ?.5 : 1', undefined],
    [' \n a \t', 'a'],
  ])('reads %j', (source, canonical) => {
    if (canonical === undefined) expect(() => parseExpression(source)).toThrow(ExpressionError);
    else expect(print(source)).toBe(canonical);
  });

  it('parses a text once and returns the same tree afterwards', () => {
    expect(parseExpression('once.only')).toBe(parseExpression('once.only'));
  });
});

describe('errors', () => {
  it.each([
    ['', 'The expression is empty', 1, 1],
    ['a &&', 'The expression ends too early', 1, 5],
    ['a\n  && = b', 'Write == to compare', 2, 6],
    ['a === b', 'Write == to compare', 1, 3],
    ['a ?? b', 'default', 1, 3],
    ['a?.b', 'a missing path is not an error', 1, 2],
    ['(a', '")" is missing', 1, 1],
    ['a[1', '"]" is missing', 1, 2],
    ['f(1)', 'Expressions have no functions', 1, 2],
    ['a.b(1)', 'Unexpected "("', 1, 4],
    ['a | length > 1', 'put the pipe in parentheses', 1, 12],
    ['a |', 'name of a filter', 1, 4],
    ['"open', 'is not closed', 1, 1],
    ['"\\x"', 'Unknown escape', 1, 2],
    ['a.0', '[0]', 1, 3],
    ['1a', 'cannot start with a digit', 1, 1],
    ['1e999', 'too large', 1, 1],
    ['9007199254740993', 'cannot be represented exactly', 1, 1],
    ['a ? b', '":"', 1, 6],
    ['{ a }', 'Braces', 1, 1],
    ['`a`', 'quotes', 1, 1],
    ['a ; b', 'Unexpected ";"', 1, 3],
    ['a b', 'Unexpected "b"', 1, 3],
    ['and', 'Unexpected "and"', 1, 1],
    ['a 😀', 'Unexpected "😀"', 1, 3],
  ])('have a message and a position: %j', (source, message, line, column) => {
    const error = errorOf(source);
    expect(error.message).toContain(message);
    expect(error).toMatchObject({ code: 'expression_error', line, column });
  });

  it('show the line and a caret below the position', () => {
    expect(errorOf('a &&\nb = c').excerpt).toBe('b = c\n  ^');
    // In a terminal, wide characters take two columns, and combining marks take none.
    expect(errorOf('"系统" = c').excerpt).toBe('"系统" = c\n       ^');
    expect(errorOf('"e\u0301" = c').excerpt).toBe('"e\u0301" = c\n    ^');
  });

  it('show part of a long line', () => {
    const [line, caret] = errorOf(`${'a + '.repeat(500)}= ${' + a'.repeat(500)}`).excerpt.split('\n');
    expect(line).toHaveLength(100);
    expect(line?.charAt((caret ?? '').length - 1)).toBe('=');
  });
});

describe('limits', () => {
  it.each([
    ['parentheses', '(', '1', ')'],
    ['lists', '[', '1', ']'],
    ['keys', 'a[', '1', ']'],
    ['arguments', 'a | f(', '1', ')'],
    ['prefixes', '!', 'a', ''],
    ['branches', 'a ? b : ', 'c', ''],
  ])('%s can be nested at most 64 deep', (_what, open, inner, close) => {
    const nest = (depth: number): string => open.repeat(depth) + inner + close.repeat(depth);
    expect(() => parseExpression(nest(MAX_DEPTH))).not.toThrow();
    expect(errorOf(nest(MAX_DEPTH + 1)).message).toContain('nested deeper than 64');
  });

  it('accepts at most 10,000 characters', () => {
    expect(() => parseExpression('a'.repeat(MAX_SOURCE))).not.toThrow();
    expect(errorOf('a'.repeat(MAX_SOURCE + 1)).message).toContain('longer than 10000 characters');
  });

  it('accepts chains of at most 1,000 operations', () => {
    expect(() => parseExpression(Array(900).fill('a').join('||'))).not.toThrow();
    expect(errorOf(Array(4000).fill('a').join('+')).message).toContain('chains more than 1000');
    expect(errorOf(`a${'.a'.repeat(4000)}`).message).toContain('chains more than 1000');
    expect(errorOf(`a${'|f'.repeat(4000)}`).message).toContain('chains more than 1000');
  });
});
