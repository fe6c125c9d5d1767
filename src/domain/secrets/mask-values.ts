import { MIN_SECRET_LENGTH, secretForms } from './secret-forms';
import { compileReplacer } from './text-matcher';

const MASK = '****';
/** Ends texts that were cut before they could be masked. */
const CUT = '…';

/** Gives anything back without some values in it. Keys of objects stay. */
export type Mask = <T>(value: T) => T;

/** Masks nothing. */
export const NO_MASK: Mask = (value) => value;

/**
 * Replaces values, in all the forms that they are known to take, in all texts of anything, and numbers that read like one.
 * `onHit` is told how many were replaced.
 */
export function createMask(values: readonly string[], onHit: (count: number) => void = () => undefined): Mask {
  const forms = [...new Set(values.flatMap(secretForms))];
  if (forms.length === 0) return NO_MASK;
  const replaced = compileReplacer(forms, MASK, onHit);
  const text = (input: string): string => replaced(withoutHalf(input, forms));
  const mask = (value: unknown): unknown => {
    if (typeof value === 'string') return text(value);
    if (typeof value === 'number') return text(String(value)) === String(value) ? value : MASK;
    if (Array.isArray(value)) return value.map(mask);
    if (typeof value !== 'object' || value === null || value instanceof Date) return value;
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, mask(child)]));
  };
  return (value) => mask(value) as typeof value;
}

/** A text that was cut in the middle of a secret ends with its beginning. */
function withoutHalf(text: string, forms: readonly string[]): string {
  if (!text.endsWith(CUT)) return text;
  const whole = text.slice(0, -CUT.length);
  let half = 0;
  for (const form of forms) {
    for (let length = form.length - 1; length >= MIN_SECRET_LENGTH && length > half; length -= 1) {
      if (whole.endsWith(form.slice(0, length))) half = length;
    }
  }
  return half === 0 ? text : `${whole.slice(0, -half)}${MASK}${CUT}`;
}
