import { z } from 'zod';
import { checkExpressionField, unknownNamesIn } from './expression-field';

const problems = (source: string) =>
  z
    .string()
    .superRefine(checkExpressionField)
    .safeParse(source)
    .error?.issues.map(({ message }) => message) ?? [];

it.each(['response.body.state == "done"', '{{ body.system }}', 'a | default("b") | upper'])('accepts %s', (source) => {
  expect(problems(source)).toEqual([]);
});

it.each([
  ['a ==', 'The expression ends too early'],
  ['a {{ b }}', 'remove the {{ }}'],
  ['a | uper | nope', 'Unknown filter "uper". Did you mean "upper"?'],
  ['a | uper | nope', 'Unknown filter "nope"'],
])('refuses %s', (source, message) => {
  expect(problems(source).join('\n')).toContain(message);
});

it('names what is not in the scope', () => {
  expect(unknownNamesIn('item.id + itm.n | default(body.x)', ['item', 'body'])).toEqual([
    { message: 'Unknown name "itm". Did you mean "item"?', line: 1, column: 11 },
  ]);
  expect(unknownNamesIn('a ==', [])).toEqual([]);
});
