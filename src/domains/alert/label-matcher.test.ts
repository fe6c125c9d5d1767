import { MatcherError, matchersOf, matchLabels, parseMatchers } from './label-matcher';

const matches = (text: string, labels: Record<string, string>) => matchLabels(parseMatchers(text), labels);

describe('matchers of labels', () => {
  test.each<[string, Record<string, string>, boolean]>([
    ['alertname="DiskFull"', { alertname: 'DiskFull' }, true],
    ['alertname = DiskFull', { alertname: 'DiskFull' }, true],
    ['alertname!="DiskFull"', { alertname: 'DiskFull' }, false],
    ['alertname!="DiskFull"', {}, true],
    ['severity=~"critical|page"', { severity: 'page' }, true],
    ['severity=~"critical|page"', { severity: 'pager' }, false],
    ['severity!~"crit.*"', { severity: 'critical' }, false],
    ['team=""', {}, true],
    ['team=~".*"', {}, true],
    ['team=~".+"', {}, false],
    ['{a="1", b=~"2.",}', { a: '1', b: '23' }, true],
    ['a="1",b="2"', { a: '1', b: '3' }, false],
    ['{}', {}, true],
    ['"größe.µ"="ok"', { 'größe.µ': 'ok' }, true],
    ['größe="ok"', { größe: 'ok' }, true],
    [String.raw`path=~"C:\\\\\d+"`, { path: 'C:\\12' }, true],
    ['host=~"db-\\d+"', { host: 'db-12' }, true],
    ['text="say \\"hi\\""', { text: 'say "hi"' }, true],
    ['note=~"a.b"', { note: 'a\nb' }, true],
  ])('%s on %j is %s', (text, labels, expected) => {
    expect(matches(text, labels)).toBe(expected);
  });

  test.each<[string, number]>([
    ['', 1],
    ['alertname', 10],
    ['alertname="x', 11],
    ['="x"', 1],
    ['a="1" b="2"', 7],
    ['{a="1"', 7],
    ['a=~"("', 4],
    ['a="1"}', 6],
    ['größe=~"["', 8],
  ])('%j is refused at column %d', (text, column) => {
    expect(() => parseMatchers(text)).toThrow(expect.objectContaining({ column }));
    expect(() => parseMatchers(text)).toThrow(MatcherError);
  });

  test('treats the names of inherited properties like other labels', () => {
    expect(matches('constructor=""', {})).toBe(true);
    expect(matchLabels(parseMatchers('__proto__="x"'), JSON.parse('{"__proto__":"x"}') as object as never)).toBe(true);
  });

  test('tests a pattern in linear time that takes exponential time with backtracking', () => {
    const [matcher] = matchersOf(['a=~"(x+x+)+y"']);
    expect(matcher?.test('x'.repeat(20_000))).toBe(false);
  });
});
