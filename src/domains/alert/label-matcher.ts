import { RE2JS } from 're2js';
import { messageOf } from '../../domain/errors';

const OPERATORS = ['=', '!=', '=~', '!~'] as const;

/** A comparison of a label, in the syntax of Alertmanager. */
export interface LabelMatcher {
  name: string;
  operator: (typeof OPERATORS)[number];
  value: string;
  /** Returns whether the value of a label matches. The value of a missing label is the empty string. */
  test(value: string): boolean;
}

/** Thrown for a matcher that cannot be parsed; `column` is 1-based. */
export class MatcherError extends Error {
  override readonly name = 'MatcherError';

  constructor(
    readonly problem: string,
    readonly column: number,
  ) {
    super(`${problem} (column ${column})`);
  }
}

/** Characters that are allowed outside quotes, as in Alertmanager's UTF-8 parser. */
const BARE = /[^\s{}!=~,\\"'`]/u;

/**
 * Scans matcher text: a single matcher such as `a="b"`, or several separated by commas, with or without braces around
 * them.
 */
class Reader {
  at = 0;

  constructor(readonly text: string) {}

  fail(problem: string, at = this.at): never {
    throw new MatcherError(problem, [...this.text.slice(0, at)].length + 1);
  }

  skipBlanks(): void {
    while (/\s/u.test(this.text.charAt(this.at)) && this.at < this.text.length) this.at += 1;
  }

  take(token: string): boolean {
    this.skipBlanks();
    if (!this.text.startsWith(token, this.at)) return false;
    this.at += token.length;
    return true;
  }

  get isAtEnd(): boolean {
    this.skipBlanks();
    return this.at >= this.text.length;
  }

  /** Reads a bare word or a quoted string. Returns undefined when the next character begins neither. */
  word(): string | undefined {
    this.skipBlanks();
    if (this.text.charAt(this.at) === '"') return this.#quoted();
    const start = this.at;
    while (this.at < this.text.length) {
      const char = String.fromCodePoint(this.text.codePointAt(this.at) ?? 0);
      if (!BARE.test(char)) break;
      this.at += char.length;
    }
    return this.at === start ? undefined : this.text.slice(start, this.at);
  }

  #quoted(): string {
    const start = this.at;
    let value = '';
    for (this.at += 1; this.at < this.text.length; this.at += 1) {
      const char = this.text.charAt(this.at);
      if (char === '"') {
        this.at += 1;
        return value;
      }
      if (char !== '\\') {
        value += char;
        continue;
      }
      this.at += 1;
      const escaped = this.text.charAt(this.at);
      // As in Alertmanager: \n, \" and \\ are escapes, and every other backslash is literal (\d, \.).
      value += escaped === 'n' ? '\n' : escaped === '"' || escaped === '\\' ? escaped : `\\${escaped}`;
    }
    this.fail('the quoted string is not closed', start);
  }
}

function readOperator(reader: Reader): LabelMatcher['operator'] {
  reader.skipBlanks();
  const found = ['=~', '!~', '!=', '='].find((operator) => reader.take(operator));
  return OPERATORS.find((operator) => operator === found) ?? reader.fail('expected one of =, !=, =~, !~');
}

function readMatcher(reader: Reader): LabelMatcher {
  const name = reader.word() ?? reader.fail('expected the name of a label');
  if (name === '') reader.fail('the name of a label must not be empty');
  const operator = readOperator(reader);
  reader.skipBlanks();
  const at = reader.at;
  const value = reader.word() ?? reader.fail('expected a value');
  return compile({ name, operator, value }, (problem) => reader.fail(problem, at));
}

/** Compiles a matcher. Regular expressions are anchored and run in linear time (RE2). */
function compile(
  { name, operator, value }: Pick<LabelMatcher, 'name' | 'operator' | 'value'>,
  fail: (problem: string) => never,
): LabelMatcher {
  const matcher = (test: LabelMatcher['test']): LabelMatcher => ({ name, operator, value, test });
  if (operator === '=') return matcher((given) => given === value);
  if (operator === '!=') return matcher((given) => given !== value);
  try {
    const pattern = RE2JS.compile(`^(?:${value})$`, RE2JS.DOTALL);
    return matcher((given) => pattern.matches(given) === (operator === '=~'));
  } catch (error) {
    return fail(`the regular expression is not valid: ${messageOf(error)}`);
  }
}

/**
 * Parses the matchers in `text`: a single matcher such as `severity=~"critical|page"`, or several separated by commas,
 * with or without braces around them. Names and values may be quoted; UTF-8 names are accepted.
 * @throws {MatcherError} with the column of the error
 */
export function parseMatchers(text: string): LabelMatcher[] {
  const reader = new Reader(text);
  const isBraced = reader.take('{');
  const matchers: LabelMatcher[] = [];
  if (isBraced && reader.take('}')) return ended(reader, matchers);
  if (reader.isAtEnd) reader.fail('expected a matcher such as alertname="DiskFull"');
  for (;;) {
    matchers.push(readMatcher(reader));
    const isMore = reader.take(',');
    if (isBraced && reader.take('}')) return ended(reader, matchers);
    if (!isBraced && reader.isAtEnd) return matchers;
    if (!isMore) reader.fail(isBraced ? 'expected "," or "}"' : 'expected "," or the end');
  }
}

function ended(reader: Reader, matchers: LabelMatcher[]): LabelMatcher[] {
  return reader.isAtEnd ? matchers : reader.fail('expected the end');
}

/**
 * Returns whether labels satisfy all matchers. The value of a missing label is the empty string. Without matchers, all
 * labels match.
 */
export function matchLabels(matchers: readonly LabelMatcher[], labels: Readonly<Record<string, unknown>>): boolean {
  return matchers.every(({ name, test }) => {
    const value = Object.hasOwn(labels, name) ? labels[name] : undefined;
    return test(typeof value === 'string' ? value : '');
  });
}

/**
 * Cache of parsed matchers, by their text. Configs are evaluated for each event, and compiling matchers is expensive.
 */
const parsed = new Map<string, LabelMatcher[]>();
const MAX_PARSED = 10_000;

/**
 * Parses a list of matcher strings, using a cache.
 * @throws {MatcherError} when a string is not a valid matcher
 */
export function matchersOf(texts: readonly string[]): LabelMatcher[] {
  return texts.flatMap((text) => {
    const known = parsed.get(text);
    if (known !== undefined) return known;
    const matchers = parseMatchers(text);
    if (parsed.size >= MAX_PARSED) parsed.clear();
    parsed.set(text, matchers);
    return matchers;
  });
}
