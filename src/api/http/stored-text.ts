import { assertStorable } from '../../domain/entities/storable';
import { FermataError } from '../../domain/errors';

/** Matches JSON that may contain values that cannot be stored. Only values whose JSON matches are searched. */
const SUSPICIOUS_JSON = /\\u0000|\\u[dD][89a-fA-F]|[eE]\+?\d{3}|\d{300}/;

/**
 * Refuses values that Postgres cannot store: NUL and lone surrogates (`invalid_text`), and numbers that overflowed to
 * Infinity (`validation_failed`). `text` is the JSON of the value. If it is given, most values do not have to be
 * searched.
 */
export function assertStorableBody(value: unknown, text?: string): void {
  if (text !== undefined && !SUSPICIOUS_JSON.test(text)) return;
  assertStorable(value);
  if (!hasInfinity(value)) return;
  const message = 'The body has a number that is too large for a double-precision number.';
  throw new FermataError('validation_failed', message, { errors: [{ path: '', message, code: 'out_of_range' }] });
}

function hasInfinity(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isFinite(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(hasInfinity);
}
