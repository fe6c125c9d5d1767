import { isMatcherText } from '../../console/src/lib/matcher-text';

describe('a text with matchers of labels', () => {
  it.each([
    ...['alertname="DiskFull"', 'alertname=~"Disk.*"', 'severity != critical', '{a="b", "ü"!~"c\\"d"}', 'a="b",'],
    ...['alertname=~"Disk("', 'a=""'],
  ])('is complete: %s', (text) => {
    expect(isMatcherText(text)).toBe(true);
  });

  it.each([
    ...['', 'alertname', 'alertname=', 'alertname=~', 'alertname=~"Disk', 'alertname=~"Disk.*", sev', 'a="b', 'a="b=c'],
    ...['a="b" c', `${'a="b",'.repeat(2_000)}"c`],
  ])('is not complete: %s', (text) => {
    expect(isMatcherText(text)).toBe(false);
  });
});
