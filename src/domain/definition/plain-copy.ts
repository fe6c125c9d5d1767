import type { RawFinding } from './issues';
import type { Segment } from './place';
import { MAX_DATA_DEPTH } from './yaml-data';

/** Matches NUL, which Postgres cannot store, and lone surrogates, which no encoding can represent. */
const UNSTORABLE = /\u0000|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

/** Returns whether `text` can be stored and sent, that is, whether it contains neither NUL nor lone surrogates. */
export function isStorableText(text: string): boolean {
  return !UNSTORABLE.test(text);
}

/** Copies JSON data, and reports strings, numbers and keys that cannot be copied unchanged. */
class Copy {
  readonly findings: RawFinding[] = [];
  private readonly path: Segment[] = [];

  copy(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (typeof value === 'number') return this.number(value);
    if (typeof value !== 'object' || value === null) return value;
    if (this.path.length > MAX_DATA_DEPTH) {
      this.report('limit_exceeded', `Nested more than ${MAX_DATA_DEPTH} levels deep`);
      return null;
    }
    if (Array.isArray(value)) {
      return Array.from({ length: value.length }, (_, index) =>
        this.at(index, () => this.copy(this.property(value, index))),
      );
    }
    const result: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      this.at(key, () => {
        if (this.key(key)) result[key] = this.copy(this.property(value, key));
      });
    }
    return result;
  }

  /** Reads only own data properties, so that no function in the input is ever called. */
  private property(container: object, key: string | number): unknown {
    const found = Object.getOwnPropertyDescriptor(container, key);
    if (found === undefined || 'value' in found) return found?.value;
    this.report('invalid_type', 'Expected plain data, got a computed property');
    return null;
  }

  private at<T>(segment: Segment, visit: () => T): T {
    this.path.push(segment);
    const result = visit();
    this.path.pop();
    return result;
  }

  private report(code: string, message: string, atKey = false): void {
    this.findings.push({ path: [...this.path], code, message, ...(atKey && { atKey }) });
  }

  private text(value: string): string {
    if (!isStorableText(value)) {
      this.report('invalid_text', 'The text has a NUL character or half of a surrogate pair, which cannot be stored');
    }
    return value;
  }

  private number(value: number): number {
    if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
      this.report(
        'invalid_number',
        'Numbers beyond 2^53 cannot be stored exactly; write the number as a string, in quotes',
      );
    }
    return value;
  }

  private key(key: string): boolean {
    if (!isStorableText(key)) {
      const message = 'The key has a NUL character or half of a surrogate pair, which cannot be stored';
      this.report('invalid_text', message, true);
      return false;
    }
    if (key !== '__proto__') return true;
    this.report('invalid_key', 'A key cannot be called "__proto__"', true);
    return false;
  }
}

/** Returns a copy of JSON data that is safe to work with, and findings for what could not be copied. */
export function plainCopy(input: unknown): { value: unknown; findings: RawFinding[] } {
  const copy = new Copy();
  try {
    return { value: copy.copy(input), findings: copy.findings };
  } catch (error) {
    // The traps of a proxy may throw.
    const message = `Expected plain data: ${error instanceof Error ? error.message : 'it cannot be read'}`;
    return { value: null, findings: [{ path: [], code: 'invalid_type', message }] };
  }
}
