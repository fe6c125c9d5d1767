import type { RawFinding } from './issues';
import type { Segment } from './place';
import { MAX_DATA_DEPTH } from './yaml-data';

/** NUL, which Postgres cannot store, and halves of surrogate pairs, which are no text in any encoding. */
const UNSTORABLE = /\u0000|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

/** Whether a text can be stored and sent: no NUL, no lone surrogate. */
export function isStorableText(text: string): boolean {
  return !UNSTORABLE.test(text);
}

/** Copies JSON data, and reports what could not be kept as it is: text, numbers and keys that would be lost on the way. */
class Copy {
  readonly findings: RawFinding[] = [];

  copy(value: unknown, path: Segment[]): unknown {
    if (typeof value === 'string') return this.text(value, path);
    if (typeof value === 'number') return this.number(value, path);
    if (typeof value !== 'object' || value === null) return value;
    if (path.length > MAX_DATA_DEPTH) {
      this.findings.push({ path, code: 'limit_exceeded', message: `Nested more than ${MAX_DATA_DEPTH} levels deep` });
      return null;
    }
    if (Array.isArray(value)) return value.map((item, index) => this.copy(item, [...path, index]));
    const result: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(value)) {
      if (this.key(key, [...path, key])) result[key] = this.copy(item, [...path, key]);
    }
    return result;
  }

  private text(value: string, path: Segment[]): string {
    if (!isStorableText(value)) {
      const message = 'The text has a NUL character or half of a surrogate pair, which cannot be stored';
      this.findings.push({ path, code: 'invalid_text', message });
    }
    return value;
  }

  private number(value: number, path: Segment[]): number {
    if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
      const message = 'Numbers beyond 2^53 cannot be kept exactly; write it as text, in quotes';
      this.findings.push({ path, code: 'invalid_number', message });
    }
    return value;
  }

  private key(key: string, path: Segment[]): boolean {
    if (!isStorableText(key)) {
      const message = 'The key has a NUL character or half of a surrogate pair, which cannot be stored';
      this.findings.push({ path, code: 'invalid_text', message, atKey: true });
      return false;
    }
    if (key !== '__proto__') return true;
    this.findings.push({ path, code: 'invalid_key', message: 'A key cannot be called "__proto__"', atKey: true });
    return false;
  }
}

/** A copy of JSON data that is safe to work on, and findings for what it could not take over. */
export function plainCopy(input: unknown): { value: unknown; findings: RawFinding[] } {
  const copy = new Copy();
  return { value: copy.copy(input, []), findings: copy.findings };
}
