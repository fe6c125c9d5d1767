import { FermataError } from '../domain/errors';
import type { Mask } from '../domain/secrets/mask-values';
import { maskedMessage } from '../domain/secrets/masked-message';
import { ProviderFailure } from './provider-failure';

/**
 * Masks a thrown value. An error that contains a secret is copied: errors of unknown classes become plain errors, and
 * the cause is dropped because it may contain anything.
 */
export function maskError(mask: Mask, error: unknown): Error {
  if (!(error instanceof Error)) return new Error(maskedMessage(mask, String(error)));
  const message = maskedMessage(mask, error.message);
  // Return an error without secrets unchanged, so that callers still recognise a lost database connection.
  if (message === error.message && isClean(mask, error)) return error;
  const masked = copyOf(mask, error, message);
  masked.stack = mask(error.stack ?? '');
  return masked;
}

function copyOf(mask: Mask, error: Error, message: string): Error {
  if (error instanceof ProviderFailure) {
    const { code, retryable, retryAfterMs, status, output } = error;
    return new ProviderFailure(code, message, { retryable, retryAfterMs, status, output: mask(output, 'data') });
  }
  if (error instanceof FermataError) {
    const { code, errors, data } = error;
    return new FermataError(code, message, {
      ...(errors && { errors: mask(errors, 'data') }),
      ...(data && { data: mask(data, 'data') }),
    });
  }
  const copy = new Error(message);
  copy.name = error.name;
  return copy;
}

/** Returns whether neither the error nor its causes contain a masked value. */
function isClean(mask: Mask, error: unknown, depth = 0): boolean {
  if (depth > 5 || !(error instanceof Error)) return error === undefined || unchanged(mask, error);
  const { output, errors, data } = error as { output?: unknown; errors?: unknown; data?: unknown };
  return (
    unchanged(mask, [error.message, error.stack, output, errors, data]) &&
    (error.cause === undefined || isClean(mask, error.cause, depth + 1))
  );
}

function unchanged(mask: Mask, value: unknown): boolean {
  return JSON.stringify(mask(value, 'data')) === JSON.stringify(value);
}
