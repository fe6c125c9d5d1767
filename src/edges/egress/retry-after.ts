/** Maximum delay in milliseconds. Longer delays are reduced to it. */
const MAX_MS = 3_600_000;

/**
 * Returns the delay in milliseconds that a `Retry-After` header (seconds or an HTTP date) specifies, clamped to the
 * range from 0 to one hour. Returns undefined for other values.
 */
export function retryAfterMs(value: string | undefined, now: Date): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : /^[A-Z]/i.test(text) ? Date.parse(text) - now.getTime() : NaN;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_MS);
}
