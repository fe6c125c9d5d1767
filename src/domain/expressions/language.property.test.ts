import fc from 'fast-check';
import { ExpressionError } from './error';
import { evaluate } from './evaluate';
import { mean, Refused } from './language-reference.fixture';
import { SCOPE, tree, write } from './language-trees.fixture';
import { parseExpression } from './parse';
import { printExpression } from './print';
import { parseBareExpression, renderTemplate } from './template';
import { fixSeed } from '../../../test/support/property-seed';

fixSeed();

function outcome(run: () => unknown, refusal: new (...args: never[]) => Error): unknown {
  try {
    return { value: JSON.stringify(run()) };
  } catch (error) {
    if (error instanceof refusal) return 'refused';
    throw error;
  }
}

const tokens = fc
  .array(
    fc.constantFrom(
      ...[
        'a',
        'now',
        'list',
        'b.c',
        '.',
        '[',
        ']',
        '(',
        ')',
        '|',
        '||',
        '&&',
        '==',
        '!=',
        '<',
        '>=',
        'in',
        'not',
        'and',
        '?',
        ':',
      ],
      ...[
        '+',
        '-',
        '*',
        '/',
        '%',
        '!',
        ',',
        '1',
        '2.5',
        '"x"',
        "'",
        '"',
        '\\',
        '{{',
        '}}',
        '${{ secrets.A }}',
        'upper',
        'sort',
        'join("")',
      ],
      ...[
        'date("yyyy")',
        ' ',
        '\n',
        'true',
        'null',
        '__proto__',
        'constructor',
        '😀',
        '\u0000',
        '\ud800',
        'from_json',
        'split("")',
      ],
    ),
    { maxLength: 25 },
  )
  .map((parts) => parts.join(' '));

describe('any expression', () => {
  it('is printed in the same way after it was printed and parsed', () => {
    fc.assert(
      fc.property(tree, (node) => {
        const printed = printExpression(parseExpression(write(node)));
        expect(printExpression(parseExpression(printed))).toBe(printed);
      }),
      { numRuns: 500 },
    );
  });

  it('has the same value as in the reference interpreter, even after printing', () => {
    fc.assert(
      fc.property(tree, (node) => {
        const parsed = parseExpression(write(node));
        const expected = outcome(() => mean(node), Refused);
        expect(outcome(() => evaluate(parsed, SCOPE), ExpressionError)).toEqual(expected);
        const again = parseExpression(printExpression(parsed));
        expect(outcome(() => evaluate(again, SCOPE), ExpressionError)).toEqual(expected);
      }),
      { numRuns: 1500 },
    );
  });

  it('has the same value within a limit of steps, or causes an expression error', () => {
    fc.assert(
      fc.property(tree, fc.nat(60), (node, maxSteps) => {
        const parsed = parseExpression(write(node));
        try {
          const value = evaluate(parsed, SCOPE, { maxSteps });
          expect(value).toEqual(evaluate(parsed, SCOPE));
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('any text', () => {
  it.each([
    ['characters', fc.string({ unit: 'binary', maxLength: 60 })],
    ['pieces of the language', tokens],
  ])('made of %s throws only expression errors', (_what, texts) => {
    fc.assert(
      fc.property(
        texts,
        fc.anything({ withDate: true, withMap: true, withSparseArray: true, withBigInt: true }),
        (text, data) => {
          const scope = { a: data, list: [data], b: { c: data }, now: '2026-11-23T11:00:00Z' };
          for (const run of [
            () => evaluate(parseExpression(text), scope),
            () => renderTemplate({ [text]: text, list: [`x {{ ${text} }}`] }, scope),
            () => parseBareExpression(text),
            () => parseBareExpression(`{{ ${text} }}`),
          ]) {
            try {
              run();
            } catch (error) {
              expect(error).toBeInstanceOf(ExpressionError);
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('in the data is never evaluated', () => {
    fc.assert(
      fc.property(tokens, (text) => {
        expect(renderTemplate('{{ data }}', { data: text })).toBe(text);
        expect(renderTemplate('<{{ data }}>', { data: text })).toBe(`<${text}>`);
        expect(renderTemplate({ list: ['{{ data }}'] }, { data: { text } })).toEqual({ list: [{ text }] });
      }),
      { numRuns: 250 },
    );
  });
});
