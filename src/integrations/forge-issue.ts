import { sha256 } from '../domain/sha256';
import { ProviderFailure } from './provider-failure';

/** Returns a hidden comment that marks an issue or note as created by a step. Rendered Markdown does not show it. */
export function markOf(idempotencyKey: string): string {
  return `<!-- fermata:${sha256(idempotencyKey).slice(0, 32)} -->`;
}

/**
 * Returns the issue number that a step names, or the number of the issue that an earlier step created.
 * @throws {ProviderFailure} artifact_missing when there is neither
 */
export function issueNumberOf(given: number | undefined, consumed: Record<string, unknown> | null): number {
  const number = given ?? consumed?.['number'];
  if (typeof number === 'number') return number;
  const message = 'Set issueNumber: no earlier step has created an issue that is open.';
  throw new ProviderFailure('artifact_missing', message, { retryable: false });
}
