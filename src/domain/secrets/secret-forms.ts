import { escapedForms, partForms } from './escaped-forms';
import { decodedViews } from './decoded-views';
import { base64Forms, hexForms, latin1Forms, wideForms } from './encoded-forms';
import { MIN_SECRET_LENGTH } from './min-length';
import { urlParts } from './url-parts';

/**
 * Minimum length, in characters, at which lines of a multi-line secret, and strings in a JSON secret, are masked
 * separately.
 */
const MIN_PART_LENGTH = 8;
const MAX_PARTS = 5_000;
/** Matches line breaks, including those that are written as escapes within one line. */
const LINE_BREAK = /\r\n|\r|\n|\\r\\n|\\n/;

/**
 * Returns the forms in which a value may appear in other text. These are the value unchanged and trimmed, with the
 * escapes of `escapedForms`, and in the encodings of `encoded-forms.ts`. They also include each line of a multi-line
 * value and each string in a JSON value, if it has 8 or more characters, and the parts of a URL (`urlParts`), unchanged
 * and with the same escapes. Values with fewer than 4 characters have no forms.
 */
export function secretForms(value: string): string[] {
  const forms = new Set<string>();
  for (const form of new Set([value, value.trim()])) {
    if (form.length < MIN_SECRET_LENGTH) continue;
    for (const text of new Set([form, ...latin1Forms(form)]))
      for (const escaped of escapedForms(text)) forms.add(escaped);
    // Host names are case-insensitive.
    if (form.length >= MIN_PART_LENGTH && /^[A-Za-z0-9.-]+$/.test(form)) forms.add(form.toLowerCase());
    for (const encoded of [...base64Forms(form), ...wideForms(form)]) forms.add(encoded);
    for (const hex of hexForms(form)) for (const digits of [hex, hex.toUpperCase()]) forms.add(digits);
    // The value may contain escapes, which are resolved together with the escapes around the value.
    for (const { text } of decodedViews(form)) forms.add(text);
  }
  for (const part of partsOf(value)) for (const form of partForms(part)) forms.add(form);
  return [...forms].filter((form) => form.length >= MIN_SECRET_LENGTH);
}

/**
 * Returns the forms of a secret that a tool may break into lines or pieces: base64, lower-case hexadecimal, and
 * multi-line text (such as the body of a PEM block) or a token without its white space.
 */
export function wrappedForms(value: string): { base64: string[]; hex: string[] } {
  const form = value.trim();
  if (form.length < MIN_SECRET_LENGTH) return { base64: [], hex: [] };
  const lines = form.split(LINE_BREAK);
  const body = lines
    .filter((line) => !line.startsWith('-----'))
    .join('')
    .replace(/\s+/g, '');
  // A terminal or a mail may wrap a multi-line text, and a token that consists of the characters of base64.
  const isWrappable = lines.length > 1 || /^[\w+/=-]+$/.test(body);
  const bodies = isWrappable && body.length >= 2 * MIN_PART_LENGTH ? [body] : [];
  const base64 = [value, form].flatMap(base64Forms).filter(({ length }) => length >= MIN_SECRET_LENGTH);
  return {
    base64: [...new Set([...base64, ...bodies])],
    hex: [...new Set([value, form].flatMap(hexForms))],
  };
}

/** Returns the lines of a multi-line value, or the strings in a JSON value and their lines, and the parts of URLs. */
function partsOf(value: string): ReadonlySet<string> {
  const parts = new Set<string>();
  for (const text of [value, ...textsOf(jsonOf(value))]) {
    const lines = text.split(LINE_BREAK);
    for (const part of lines.length > 1 || text !== value ? [...lines, text] : []) {
      const trimmed = part.trim();
      if (trimmed.length >= MIN_PART_LENGTH && trimmed !== value && parts.size < MAX_PARTS) parts.add(trimmed);
    }
    for (const part of urlParts(text)) if (parts.size < MAX_PARTS) parts.add(part);
  }
  return parts;
}

function jsonOf(value: string): unknown {
  if (!/^\s*[[{]/.test(value)) return null;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return null;
  }
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}
