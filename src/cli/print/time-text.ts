const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Returns a duration as text: `35 ms`, `1.2 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function durationText(ms: number): string {
  if (ms < SECOND_MS) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / SECOND_MS).toFixed(1)} s`;
  const seconds = Math.round(ms / SECOND_MS) * SECOND_MS;
  if (seconds < HOUR_MS) return two(seconds, MINUTE_MS, 'min', SECOND_MS, 's');
  if (seconds < DAY_MS) return two(seconds, HOUR_MS, 'h', MINUTE_MS, 'min');
  return two(seconds, DAY_MS, 'd', HOUR_MS, 'h');
}

function two(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)} ${largeName}${rest === 0 ? '' : ` ${rest} ${smallName}`}`;
}

/** Returns the time since a start: `+0.042 s`, `+12.3 s`, `+3 min 20 s`. */
export function offsetText(ms: number): string {
  const sign = ms < 0 ? '-' : '+';
  const size = Math.abs(ms);
  if (size < 10 * SECOND_MS) return `${sign}${(size / SECOND_MS).toFixed(3)} s`;
  return `${sign}${durationText(size)}`;
}

/** Returns an instant from the API in UTC, to the second, or `-` if it is absent. */
export function instantText(iso: string | null | undefined): string {
  return iso == null ? '-' : iso.slice(0, 19).replace('T', ' ');
}

/** Returns the milliseconds between two instants from the API, or undefined if either is missing. */
export function elapsedMs(from: string | null | undefined, to: string | null | undefined): number | undefined {
  return from == null || to == null ? undefined : Date.parse(to) - Date.parse(from);
}
