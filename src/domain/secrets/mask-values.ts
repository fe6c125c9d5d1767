import { secretForms } from './secret-forms';
import { compileReplacer } from './text-matcher';

const MASK = '****';

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
  const text = compileReplacer(forms, MASK, onHit);
  const mask = (value: unknown): unknown => {
    if (typeof value === 'string') return text(value);
    if (typeof value === 'number') return text(String(value)) === String(value) ? value : MASK;
    if (Array.isArray(value)) return value.map(mask);
    if (typeof value !== 'object' || value === null || value instanceof Date) return value;
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, mask(child)]));
  };
  return (value) => mask(value) as typeof value;
}
