import type { SilenceRow } from '../../db/alert-silences';
import type { CoveringSilence } from './alert-entity';
import { matchersOf, matchLabels } from './label-matcher';

/** Returns whether a silence covers an alert. A silence without fingerprint and matchers covers nothing. */
export function silenceCovers(
  silence: SilenceRow,
  fingerprint: string,
  labels: Readonly<Record<string, string>>,
): boolean {
  if (silence.fingerprint !== null) return silence.fingerprint === fingerprint;
  return silence.matchers.length > 0 && matchLabels(matchersOf(silence.matchers), labels);
}

/**
 * Returns the silence that covers an alert, or undefined. If several silences cover it, returns the one with the latest
 * end.
 */
export function coveringSilence(
  active: readonly SilenceRow[],
  fingerprint: string,
  labels: Readonly<Record<string, string>>,
): CoveringSilence | undefined {
  let latest: SilenceRow | undefined;
  for (const silence of active) {
    if (!silenceCovers(silence, fingerprint, labels)) continue;
    if (latest === undefined || silence.endsAt > latest.endsAt) latest = silence;
  }
  if (latest === undefined) return undefined;
  const { id, comment, createdBy, endsAt } = latest;
  return { id, comment, createdBy, endsAt: endsAt.toISOString() };
}
