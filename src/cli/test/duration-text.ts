import { writtenMs } from '../../domain/definition/duration';

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;
const WHOLE = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d)\s*)+$/;

/** Parses `90s`, `5m`, `1h30m`, `1.5h`, `00:05:00` or `0` to milliseconds. Returns undefined for other strings. */
export function msOfDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!WHOLE.test(text)) return writtenMs(text);
  let ms = 0;
  for (const [, number, unit = ''] of text.matchAll(PART)) ms += Number(number) * (UNITS_MS[unit] ?? 0);
  return ms;
}

/** Returns a duration as text, such as `1h30m`. Units that are zero are left out. */
export function durationText(ms: number): string {
  let left = ms;
  const parts = [];
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const size = UNITS_MS[unit] ?? 1;
    if (left >= size) parts.push(`${Math.floor(left / size)}${unit}`);
    left %= size;
  }
  return parts.join('') || '0s';
}
