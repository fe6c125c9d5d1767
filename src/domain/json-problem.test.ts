import { jsonProblem } from './json-problem';

it.each([
  ['{"value": hunter2-very-secret}', "Unexpected token 'h'"],
  ['{"value": "hunter2-very-secret', /^Unterminated string in JSON at position 30/],
  ['{"value": "x"; "hunter2": 1}', /^Expected ',' or '}' after property value in JSON at position 13/],
  ['hunter2', "Unexpected token 'h'"],
  ['{"a":""hunter2', /^Expected ',' or '}'/],
  ['', 'Unexpected end of JSON input'],
])('describes the error in %j without quoting the text', (text, problem) => {
  let thrown: unknown;
  try {
    JSON.parse(text);
  } catch (error) {
    thrown = error;
  }
  const description = jsonProblem(thrown);
  expect(description).toEqual(typeof problem === 'string' ? problem : expect.stringMatching(problem));
  expect(description).not.toContain('hunter');
});

it('returns nothing for other errors', () => {
  expect(jsonProblem(new Error('hunter2'))).toBeUndefined();
  expect(jsonProblem(new SyntaxError('"hunter2" is not valid JSON'))).toBeUndefined();
});
