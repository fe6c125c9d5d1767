/** Maximum length of a sample, in characters. */
const MAX_LENGTH = 256;

/** Thrown for a pattern with an unsupported construct. */
class Unsupported extends Error {}

const CLASSES: Readonly<Record<string, string>> = { d: '1', w: 'a', s: ' ' };
/**
 * Matches an escaped character that represents itself. Escapes that are neither listed here nor in `CLASSES` or
 * `CONTROL`, such as `\b` or a back-reference, are not supported.
 */
const LITERAL_ESCAPE = /[\\/.^$|?*+()[\]{}\-@:#,;=!&%"'<>_ ]/;
const CONTROL: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r' };

/**
 * Returns a short string that matches a regular expression. It uses the first alternative, repeats each part as few
 * times as allowed, and takes the first character of each set. Returns undefined when the string would be longer than
 * `MAX_LENGTH`, and for constructs other than literals, escaped characters, character classes, `.`, sets (but not
 * negated sets), groups, alternatives, quantifiers and anchors. The regular expression is never executed, so its cost
 * does not matter.
 */
export function sampleOfPattern(pattern: string): string | undefined {
  try {
    const reader = new Reader(pattern);
    const text = reader.alternatives();
    return reader.isAtEnd() && text.length <= MAX_LENGTH ? text : undefined;
  } catch (error) {
    if (error instanceof Unsupported) return undefined;
    throw error;
  }
}

class Reader {
  private at = 0;
  private depth = 0;

  constructor(private readonly pattern: string) {}

  isAtEnd(): boolean {
    return this.at >= this.pattern.length;
  }

  /** Parses up to the end of the pattern or the closing parenthesis. Returns a sample of the first alternative. */
  alternatives(): string {
    const first = this.sequence();
    while (this.take('|')) this.sequence();
    return first;
  }

  private sequence(): string {
    let text = '';
    while (!this.isAtEnd() && !this.next('|') && !this.next(')')) {
      const part = this.part();
      text += part.repeat(this.count());
      if (text.length > MAX_LENGTH) throw new Unsupported();
    }
    return text;
  }

  private part(): string {
    if (this.take('^') || this.take('$')) return '';
    if (this.take('(')) return this.group();
    if (this.take('[')) return this.set();
    if (this.take('\\')) return this.escape();
    if (this.take('.')) return 'a';
    if (this.next('?') || this.next('*') || this.next('+')) throw new Unsupported();
    return this.character();
  }

  private group(): string {
    if (this.take('?') && !this.take(':')) throw new Unsupported();
    this.depth += 1;
    if (this.depth > 20) throw new Unsupported();
    const text = this.alternatives();
    if (!this.take(')')) throw new Unsupported();
    this.depth -= 1;
    return text;
  }

  /** Parses a set. Returns its first character. */
  private set(): string {
    if (this.next('^')) throw new Unsupported();
    let first: string | undefined;
    while (!this.take(']')) {
      const one = this.take('\\') ? this.escape() : this.character();
      first ??= one;
    }
    if (first === undefined) throw new Unsupported();
    return first;
  }

  private escape(): string {
    const one = this.character();
    if (LITERAL_ESCAPE.test(one)) return one;
    const known = CLASSES[one] ?? CONTROL[one];
    if (known === undefined) throw new Unsupported();
    return known;
  }

  /** Parses a quantifier. Returns the minimum number of repetitions, which is 0 for an optional part. */
  private count(): number {
    let least = 1;
    if (this.next('?') || this.next('*')) least = 0;
    else if (!this.next('+')) return this.range();
    this.at += 1;
    this.take('?');
    return least;
  }

  private range(): number {
    const found = /^\{(\d{1,4})(?:,\d{0,4})?\}\??/.exec(this.pattern.slice(this.at, this.at + 14));
    if (found === null) return 1;
    this.at += found[0].length;
    return Number(found[1]);
  }

  private character(): string {
    const one = this.pattern[this.at];
    if (one === undefined) throw new Unsupported();
    this.at += 1;
    return one;
  }

  private next(wanted: string): boolean {
    return this.pattern[this.at] === wanted;
  }

  private take(wanted: string): boolean {
    if (!this.next(wanted)) return false;
    this.at += 1;
    return true;
  }
}
