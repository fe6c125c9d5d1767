import type { Expression } from './ast';
import { MAX_DATA_DEPTH, MAX_RESULT } from './budget';
import { ExpressionError } from './error';
import { Evaluation, type EvaluateOptions, type Scope } from './evaluate';
import { LruCache } from './lru-cache';
import { parseExpression, parseRange } from './parse';
import { itemsOf, ownValue, isPlainObject, ResultSize, setOwn, toPlain } from './plain-data';
import { toText } from './text';

/** A segment of a template: literal text, a literal reference to a secret, or an expression. */
export type Segment =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'secret'; readonly text: string }
  | { readonly kind: 'expression'; readonly expression: Expression };

export interface Template {
  readonly source: string;
  readonly segments: readonly Segment[];
}

export interface RenderOptions extends EvaluateOptions {
  /**
   * Returns the replacement for a `${{ secrets.X }}` in a template. Default: the reference itself. A caller that
   * inserts secrets later can mark the author's references and replace only the marks. Data that resembles a reference
   * then stays unchanged.
   */
  readonly secretReference?: (reference: string) => string;
}

// Text that begins like a reference to a secret is literal and is never evaluated, even if the rest is not a valid
// reference.
const SECRET = /\$\{\{\s*secrets(?![A-Za-z0-9_$])[^}]*\}\}/y;

/** Returns whether `text` contains `{{`, which may belong to an expression or to a reference to a secret. */
export function isTemplate(text: string): boolean {
  return text.includes('{{');
}

/** Returns the offset of the `}}` that closes an expression. Braces inside string literals do not count. */
function closingBraces(source: string, from: number): number {
  let quote = '';
  for (let at = from; at < source.length; at += 1) {
    const char = source.charAt(at);
    if (quote !== '') {
      if (char === '\\') at += 1;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '}' && source.charAt(at + 1) === '}') return at;
  }
  return -1;
}

function cut(source: string): Segment[] {
  const segments: Segment[] = [];
  let textFrom = 0;
  const text = (until: number): void => {
    if (until > textFrom) segments.push({ kind: 'text', text: source.slice(textFrom, until) });
  };
  for (let open = source.indexOf('{{'); open !== -1; open = source.indexOf('{{', textFrom)) {
    SECRET.lastIndex = open - 1;
    const secret = open > textFrom && source.charAt(open - 1) === '$' ? SECRET.exec(source)?.[0] : undefined;
    if (secret !== undefined) {
      text(open - 1);
      segments.push({ kind: 'secret', text: secret });
      textFrom = open - 1 + secret.length;
      continue;
    }
    const close = closingBraces(source, open + 2);
    if (close === -1) throw new ExpressionError('"}}" is missing: it closes this "{{"', source, open);
    text(open);
    segments.push({ kind: 'expression', expression: parseRange(source, open + 2, close) });
    textFrom = close + 2;
  }
  text(source.length);
  return segments;
}

const parsed = new LruCache<Template>(2_000, 4_000_000);

/**
 * Parses a template, or returns the cached result for the same text.
 * @throws ExpressionError, whose position refers to the whole text
 */
export function parseTemplate(source: string): Template {
  const known = parsed.get(source);
  if (known !== undefined) return known;
  if (source.length > MAX_RESULT) throw new ExpressionError('The template is longer than 1 MB', source, 0);
  const template = { source, segments: cut(source) };
  parsed.set(source, template);
  return template;
}

class Rendering {
  readonly #evaluation: Evaluation;
  readonly #size: ResultSize;
  readonly #secretReference: (reference: string) => string;

  constructor(scope: Scope, options: RenderOptions) {
    this.#evaluation = new Evaluation(scope, options);
    this.#size = new ResultSize(this.#evaluation);
    this.#secretReference = options.secretReference ?? ((reference) => reference);
  }

  /**
   * Renders a value.
   * @throws ExpressionError, also in place of other errors that reading a value (e.g. a proxy) throws
   */
  of(value: unknown): unknown {
    try {
      return this.#render(value, 0);
    } catch (error) {
      if (error instanceof ExpressionError) throw error;
      return this.#evaluation.fail(
        `The template could not be rendered: ${error instanceof Error ? error.message : 'unknown error'}`,
      );
    } finally {
      this.#evaluation.settle();
    }
  }

  #render(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return this.#text(value);
    if (typeof value !== 'object' || value === null) return value;
    this.#evaluation.spend(1);
    if (depth > MAX_DATA_DEPTH) this.#evaluation.fail(`The data is nested deeper than ${String(MAX_DATA_DEPTH)}`);
    if (Array.isArray(value)) return itemsOf(value, this.#evaluation).map((item) => this.#render(item, depth + 1));
    if (!isPlainObject(value)) return toPlain(value, this.#size);
    const rendered: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      this.#size.addText(key);
      setOwn(rendered, key, this.#render(ownValue(value, key), depth + 1));
    }
    return rendered;
  }

  #text(source: string): unknown {
    if (!isTemplate(source)) {
      this.#size.addText(source);
      return source;
    }
    const { segments } = parseTemplate(source);
    const only = segments.length === 1 ? segments[0] : undefined;
    if (only?.kind === 'expression') return this.#value(only.expression);
    let text = '';
    for (const segment of segments) {
      const part = this.#segment(segment);
      this.#size.addText(part);
      text += part;
    }
    return text;
  }

  #value(expression: Expression): unknown {
    const value = this.#evaluation.value(expression);
    return toPlain(value === undefined ? '' : value, this.#size);
  }

  #segment(segment: Segment): string {
    if (segment.kind === 'text') return segment.text;
    if (segment.kind === 'secret') return this.#secretReference(segment.text);
    return toText(this.#evaluation.value(segment.expression), this.#evaluation);
  }
}

/**
 * Renders every string in a value, at any depth of lists and objects. Keys and other values are unchanged. A string
 * that is exactly one `{{ expression }}` becomes the value itself (an absent value becomes ""). Any other string is
 * rendered to a string. Rendered data is not rendered again, and `${{ secrets.X }}` is unchanged.
 * @throws ExpressionError, including when the whole value takes too many steps or is larger than 1 MB
 */
export function renderTemplate(value: unknown, scope: Scope, options: RenderOptions = {}): unknown {
  return new Rendering(scope, options).of(value);
}

/**
 * Parses the text of a field that contains an expression. Braces around the whole text are dropped, with a warning.
 * @throws ExpressionError for any other `{{`, including one inside a string literal, where it would never be rendered.
 * The message says what to write instead
 */
export function parseBareExpression(source: string): { expression: Expression; warning?: string } {
  const trimmed = source.trim();
  const start = source.indexOf(trimmed);
  if (trimmed.startsWith('{{') && closingBraces(source, start + 2) === start + trimmed.length - 2) {
    const enclosed = parseTemplate(source).segments.find((segment) => segment.kind === 'expression');
    const warning = `This field is already an expression: write ${trimmed.slice(2, -2).trim()} without {{ }}`;
    if (enclosed !== undefined) return { expression: enclosed.expression, warning };
  }
  const stray = source.indexOf('{{');
  if (stray !== -1) {
    throw new ExpressionError(
      'This field is already an expression: remove the {{ }} and join strings with +, as in "a " + trigger.id',
      source,
      stray,
    );
  }
  return { expression: parseExpression(source) };
}
