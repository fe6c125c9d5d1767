const WORD = /(?:"(?:[^"\\]|\\.)*"|[^\s{}!=~,\\"'`]+)/.source;
const MATCHER = `\\s*${WORD}\\s*(?:=~|!~|!=|=)\\s*${WORD}\\s*`;
const MATCHERS = new RegExp(`^\\{?${MATCHER}(?:,${MATCHER})*,?\\s*\\}?$`, 'u');

/**
 * Returns whether a text consists of whole matchers of labels, such as `severity="critical", alertname=~"Disk.*"`.
 * Regular expressions are not checked.
 */
export const isMatcherText = (text: string): boolean => MATCHERS.test(text);
