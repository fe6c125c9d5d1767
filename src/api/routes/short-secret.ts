import type { Finding } from '../../domain/errors';
import { MIN_SECRET_LENGTH } from '../../domain/secrets/min-length';

/** Returns a warning if a value is too short to be masked. */
export function shortSecretWarnings(path: string, value: string): Finding[] {
  if (value.trim().length >= MIN_SECRET_LENGTH) return [];
  const message = `The value is not masked: with fewer than ${MIN_SECRET_LENGTH} characters, it cannot be distinguished from other text.`;
  return [{ path, message, code: 'short_secret' }];
}
