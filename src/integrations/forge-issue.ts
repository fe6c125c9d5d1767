import { z } from 'zod';
import { sha256 } from '../domain/sha256';
import type { CallContext } from './contract';
import { ProviderFailure } from './provider-failure';

/** Returns a hidden comment that marks an issue or note as created by a step. Rendered Markdown does not show it. */
export function markOf(idempotencyKey: string): string {
  return `<!-- fermata:${sha256(idempotencyKey).slice(0, 32)} -->`;
}

const Tried = z.object({ tried: z.literal(true) });

/**
 * Returns whether an earlier attempt may have sent the request. If not, records that this attempt is about to send it.
 */
export async function triedBefore({ attempt, progress }: Pick<CallContext<unknown>, 'attempt' | 'progress'>) {
  if (attempt > 1 || Tried.safeParse(await progress.read()).success) return true;
  await progress.write({ tried: true });
  return false;
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
