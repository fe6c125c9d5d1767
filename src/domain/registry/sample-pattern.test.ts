import { sampleOfPattern } from './sample-pattern';

describe('a sample of a pattern', () => {
  test.each([
    '^[a-z][a-z0-9_-]*$',
    '^\\d{4}-\\d{2}-\\d{2}$',
    '^(?:prod|staging)-[A-Z]{2,5}\\d+$',
    '^v?\\d+(\\.\\d+){2}$',
    '^#[0-9a-f]{6}$',
    'needle',
    '^\\w+@\\w+\\.com$',
    '^[\\w.-]+/[\\w.-]+$',
    '^$',
  ])('of %s matches it', (pattern) => {
    expect(sampleOfPattern(pattern)).toMatch(new RegExp(pattern, 'u'));
  });

  test.each(['^(?=a)a', '^[^a]$', '(a)\\1', '\\bword', '\\p{L}', '^(?<name>a)$', '(', '[', '*', 'a{1000}'])(
    'of %s does not exist: the construct is not supported, or the text would be too long',
    (pattern) => {
      expect(sampleOfPattern(pattern)).toBeUndefined();
    },
  );
});
