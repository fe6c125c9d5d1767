import { ExpressionError } from './error';
import { printExpression } from './print';
import { isTemplate, parseBareExpression, parseTemplate, renderTemplate } from './template';

const scope = {
  n: 5,
  list: [1, 'a', null],
  object: { a: { b: true } },
  none: null,
  hostile: '{{ n }} ${{ secrets.A }} {{',
  secrets: { A: 'looked up' },
};

describe('a template', () => {
  it.each<[string, unknown]>([
    ['plain }} text', 'plain }} text'],
    ['{{ n }}', 5],
    ['{{n}}', 5],
    ['{{ list }}', [1, 'a', null]],
    ['{{ none }}', null],
    ['{{ missing.at.all }}', ''],
    ['{{ n }} ', '5 '],
    ['a {{ n }} b {{ n + 1 }}', 'a 5 b 6'],
    ['{{ n }}{{ n }}', '55'],
    ['<{{ none }}{{ missing }}>', '<>'],
    ['{{ object }}!', '{"a":{"b":true}}!'],
    ['{"a":{"b":{{ n }}}}', '{"a":{"b":5}}'],
    ['{{ "}}" }}', '}}'],
    ["{{ '\\'}}' + \"{{\" }}", "'}}{{"],
    ['{{ n\n| default(1) }}', 5],
    ['$ {{ n }} $5 ${{ n }}', '$ 5 $5 $5'],
  ])('%j', (source, value) => {
    expect(renderTemplate(source, scope)).toEqual(value);
  });

  it('renders the values of objects and lists at any depth, but not keys and other types', () => {
    const value = { '{{ n }}': ['{{ n }}', { deep: 'x{{ n }}', flag: false, nothing: null, number: 1 }] };
    expect(renderTemplate(value, scope)).toEqual({
      '{{ n }}': [5, { deep: 'x5', flag: false, nothing: null, number: 1 }],
    });
  });

  it('does not render templates in the data', () => {
    expect(renderTemplate({ a: '{{ hostile }}', b: '{{ hostile }}!' }, scope)).toEqual({
      a: scope.hostile,
      b: `${scope.hostile}!`,
    });
  });

  it('shares no data with the scope', () => {
    expect(renderTemplate('{{ object }}', scope)).not.toBe(scope.object);
  });

  it('reports positions of errors in the whole text', () => {
    expect(() => renderTemplate('first\nsecond {{ n | uper }}', scope)).toThrow(
      expect.objectContaining({ line: 2, column: 15, excerpt: 'second {{ n | uper }}\n              ^' }),
    );
    expect(() => parseTemplate('ok {{ n }} {{ n + }}')).toThrow(expect.objectContaining({ line: 1, column: 19 }));
    expect(() => parseTemplate('ok {{ n')).toThrow(expect.objectContaining({ column: 4 }));
    expect(() => parseTemplate('{{ }}')).toThrow('The expression is empty');
  });

  it('fails if the whole result is too large or takes too many steps', () => {
    const half = 'x'.repeat(600_000);
    expect(renderTemplate(['{{ half }}'], { half })).toHaveLength(1);
    expect(() => renderTemplate(['{{ half }}', 'a{{ half }}'], { half })).toThrow('larger than 1 MB');
    expect(() => renderTemplate([half, { half }], {})).toThrow('larger than 1 MB');
    expect(() => renderTemplate(Array(10).fill('{{ 1 + 1 }}'), {}, { maxSteps: 20 })).toThrow('too many steps');
    expect(() => parseTemplate('x'.repeat(2_000_000))).toThrow(ExpressionError);
  });
});

describe('a reference to a secret', () => {
  it.each([
    '${{ secrets.TOKEN }}',
    '${{secrets.TOKEN}}',
    'Bearer ${{ secrets.TOKEN }}',
    '$${{ secrets.A }}${{ secrets.B }}',
    '{${{ secrets.A }}}',
    '${{ secrets["A"] }}',
    '${{ secrets.A | upper }}',
    '${{ secrets }}',
  ])('%s stays unchanged', (source) => {
    expect(renderTemplate(source, scope)).toBe(source);
    expect(renderTemplate({ deep: [source] }, scope)).toEqual({ deep: [source] });
  });

  it.each([
    ['{{ n }}${{ secrets.A }}{{ n }}', '5${{ secrets.A }}5'],
    ['${{ secrets.A }}{{ n }}', '${{ secrets.A }}5'],
    ['{{ "${{ secrets.A }}" }}', '${{ secrets.A }}'],
    ['${{ secretsx }}', '$'],
  ])('%s stays unchanged next to expressions', (source, text) => {
    expect(renderTemplate(source, scope)).toBe(text);
  });

  it('can be marked, so that data cannot imitate it', () => {
    const secretReference = (reference: string): string => `<${reference}>`;
    expect(renderTemplate('${{ secrets.A }} {{ hostile }}', scope, { secretReference })).toBe(
      `<\${{ secrets.A }}> ${scope.hostile}`,
    );
  });
});

describe('a bare expression', () => {
  it('is accepted as it is', () => {
    const { expression, warning } = parseBareExpression('a == "{ x }"');
    expect(printExpression(expression)).toBe('a == "{ x }"');
    expect(warning).toBeUndefined();
  });

  it.each(['{{ a == 1 }}', '  {{a == 1}}\n', '{{ a == 1}} '])(
    'is read without its braces, with a warning: %j',
    (source) => {
      const { expression, warning } = parseBareExpression(source);
      expect(printExpression(expression)).toBe('a == 1');
      expect(warning).toBe('This field is already an expression: write a == 1 without {{ }}');
    },
  );

  it.each([
    ['a {{ b }}', 3],
    ['{{ a }} && {{ b }}', 1],
    ['a == {{ b }}', 6],
    ['"x" + {{ b', 7],
    ['${{ secrets.A }}', 2],
    ['health.systems["{{ trigger.payload.systemId }}"].status', 17],
  ])('with inner braces is refused with a suggestion: %j', (source, column) => {
    expect(() => parseBareExpression(source)).toThrow(
      expect.objectContaining({ column, message: expect.stringContaining('remove the {{ }}') }),
    );
  });
});

it('isTemplate returns whether there is anything to render', () => {
  expect([isTemplate('a'), isTemplate('{{ a }}'), isTemplate('{ a }')]).toEqual([false, true, false]);
});
