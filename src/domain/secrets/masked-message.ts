import type { Mask } from './mask-values';

const MAX_CHARACTERS = 2_000;

/**
 * Returns a message for people. It is masked first and then truncated, because a truncated secret would not be
 * recognized.
 */
export function maskedMessage(mask: Mask, message: string): string {
  const masked = mask(message);
  return masked.length <= MAX_CHARACTERS ? masked : `${masked.slice(0, MAX_CHARACTERS - 1)}…`;
}
