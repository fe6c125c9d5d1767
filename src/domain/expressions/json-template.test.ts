import { jsonTemplateProblem } from './json-template';

describe('a JSON text with expressions', () => {
  it.each([
    'plain text {{ trigger.payload.title }}',
    '{{ trigger.payload }}',
    '{"a": "no template"}',
    '{"a": {{ trigger.payload.title | json }}, "n": {{ list | length }}, "b": {{ a == b }}}',
    '[{{ variables.x | json }}]',
    '{"at": "{{ now }}", "for": "{{ x | duration_since }}", "token": "${{ secrets.TOKEN }}"}',
    '{"text": "a \\" quote", "a": {{ x | json }}}',
    '{"a": {{ broken',
  ])('has no problem if no value can break it: %s', (text) => {
    expect(jsonTemplateProblem(text)).toBeUndefined();
  });

  it.each([
    ['{"a": "{{ trigger.payload.title }}"}', 'A value with a quote or a line break'],
    ['{"a": "x {{ a | default(\'b\') }} y"}', 'A value with a quote or a line break'],
    ['{"a": "{{ title | json }}"}', 'A value with a quote or a line break'],
    ['{"a": {{ trigger.payload.title }}}', 'A value that is a string'],
    ['{"a": {{ x | json }}, }', 'not valid JSON'],
  ])('has a problem if a value may break it: %s', (text, problem) => {
    expect(jsonTemplateProblem(text)).toContain(problem);
  });
});
