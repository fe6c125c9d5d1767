const WORD = /(?:"(?:[^"\\]|\\.)*"|[^\s{}!=~,\\"'`]+)/.source;
const MATCHER = `\\s*${WORD}\\s*(?:=~|!~|!=|=)\\s*${WORD}\\s*`;
const MATCHERS = new RegExp(`^\\{?${MATCHER}(?:,${MATCHER})*,?\\s*\\}?$`, 'u');

/**
 * Returns whether `text` consists of complete label matchers, such as `severity="critical", alertname=~"Disk.*"`.
 * Regular expressions are not checked.
 */
export const isMatcherText = (text: string): boolean => MATCHERS.test(text);
