import { decodedViews, originalSpans } from './decoded-views';
import { MIN_SECRET_LENGTH } from './min-length';
import { secretForms, wrappedForms } from './secret-forms';
import { joinSpans, replaceSpans } from './spans';
import { compileMatcher } from './text-matcher';
import { compileWrappedMatcher } from './wrapped-matcher';

/** Text that replaces a secret. */
export const MASK = '****';
/** Marks the end of text that was truncated before it could be masked. */
const CUT = '…';

/**
 * What is masked. `values` keeps the keys of objects and is used for Fermata's own structures. `data` also masks keys
 * and is used for data from people and providers. A set is used for Fermata's own structures that contain data: all
 * keys except those in the set are masked, at any depth.
 */
export type MaskedParts = 'values' | 'data' | ReadonlySet<string>;

/** Returns a copy of a value in which secrets are masked. Default of `scope`: `values`. */
export type Mask = <T>(value: T, scope?: MaskedParts) => T;

/** Masks nothing. */
export const NO_MASK: Mask = (value) => value;

/**
 * Creates a mask. It replaces the given values in all strings, in every form of `secretForms`, and replaces numbers
 * with the same digits. Strings are searched both unchanged and with their escapes resolved (`decodedViews`). The time
 * is linear in the length of the string. `onHit` receives the number of parts that were replaced in a string. A mask
 * protects against accidents: the author of a script can always encode a value in another form.
 */
export function createMask(values: readonly string[], onHit: (count: number) => void = () => undefined): Mask {
  const forms = [...new Set(values.flatMap(secretForms))];
  if (forms.length === 0) return NO_MASK;
  const find = compileMatcher(forms);
  const wrapped = values.map(wrappedForms);
  const findWrapped = compileWrappedMatcher({
    base64: [...new Set(wrapped.flatMap(({ base64 }) => base64))],
    hex: [...new Set(wrapped.flatMap(({ hex }) => hex))],
  });
  const text = (given: string): string => {
    const input = withoutHalf(given, forms);
    const found = [find(input), findWrapped(input)];
    for (const view of decodedViews(input)) {
      found.push(originalSpans(view, find(view.text)), originalSpans(view, findWrapped(view.text)));
    }
    const spans = joinSpans(found);
    if (spans.length === 0) return input;
    onHit(spans.length);
    return replaceSpans(input, spans, MASK);
  };
  const mask = (value: unknown, scope: MaskedParts): unknown => {
    if (typeof value === 'string') return text(value);
    if (typeof value === 'number') return text(String(value)) === String(value) ? value : MASK;
    if (Array.isArray(value)) return value.map((item) => mask(item, scope));
    if (typeof value !== 'object' || value === null || value instanceof Date) return value;
    const entries = Object.entries(value).map(([key, child]): [string, unknown] => [key, mask(child, scope)]);
    if (scope === 'values') return Object.fromEntries(entries);
    return Object.fromEntries(distinctKeys(entries, (key) => (scope !== 'data' && scope.has(key) ? key : text(key))));
  };
  return (value, scope = 'values') => mask(value, scope) as typeof value;
}

/**
 * Masks an object that has fixed fields as well as data. The top-level keys in `own`, or all top-level keys, are kept.
 * All other keys, at any depth, are masked.
 */
export function maskFields<T>(mask: Mask, value: T, own: readonly string[] | 'all'): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return mask(value, 'data');
  const entries = Object.entries(value).flatMap(([key, child]: [string, unknown]) => {
    const isOwn = own === 'all' || own.includes(key);
    return isOwn ? [[key, mask(child, 'data')] as const] : Object.entries(mask({ [key]: child }, 'data'));
  });
  return Object.fromEntries(entries) as T;
}

/** Appends numbers to masked keys that have become equal: `****`, `**** (2)`. */
function distinctKeys(entries: readonly [string, unknown][], text: (key: string) => string): [string, unknown][] {
  const seen = new Map<string, number>();
  return entries.map(([key, child]) => {
    const masked = text(key);
    if (masked === key) return [key, child];
    const count = (seen.get(masked) ?? 0) + 1;
    seen.set(masked, count);
    return [count === 1 ? masked : `${masked} (${count})`, child];
  });
}

/** Masks the beginning of a secret at the end of text that was truncated in the middle of the secret. */
function withoutHalf(text: string, forms: readonly string[]): string {
  if (!text.endsWith(CUT)) return text;
  const whole = text.slice(0, -CUT.length);
  const half = forms.reduce((longest, form) => Math.max(longest, overlap(whole, form)), 0);
  return half < MIN_SECRET_LENGTH ? text : `${whole.slice(0, -half)}${MASK}${CUT}`;
}

/**
 * Returns the length of the longest proper prefix of `form` that is also the end of `text`. Takes linear time (Knuth,
 * Morris, Pratt).
 */
function overlap(text: string, form: string): number {
  const tail = text.slice(-(form.length - 1));
  const borders = new Int32Array(form.length);
  const advance = (length: number, char: number): number => {
    let known = length;
    while (known > 0 && form.charCodeAt(known) !== char) known = borders[known - 1] ?? 0;
    return form.charCodeAt(known) === char ? known + 1 : 0;
  };
  for (let at = 1; at < form.length; at += 1) borders[at] = advance(borders[at - 1] ?? 0, form.charCodeAt(at));
  let length = 0;
  // The tail is shorter than the form, so the end of the form is never reached.
  for (let at = 0; at < tail.length; at += 1) length = advance(length, tail.charCodeAt(at));
  return length;
}
