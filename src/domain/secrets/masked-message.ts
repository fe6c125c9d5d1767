import type { Mask } from './mask-values';

const MAX_CHARACTERS = 2_000;

/**
 * Returns a message that can be shown to people. The message is masked before it is truncated, because a truncated
 * secret would not be recognized.
 */
export function maskedMessage(mask: Mask, message: string): string {
  const masked = mask(message);
  return masked.length <= MAX_CHARACTERS ? masked : `${masked.slice(0, MAX_CHARACTERS - 1)}…`;
}
