const UNITS: readonly [string, number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];

/** Returns a duration as text with at most two units: `850 ms`, `2.4 s`, `3 min 12 s`. */
export function durationText(ms: number): string {
  if (ms < 0) return '0 ms';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  const index = UNITS.findIndex(([, size]) => ms >= size);
  const [name, size] = UNITS[index] ?? ['s', 1_000];
  const whole = Math.floor(ms / size);
  const next = UNITS[index + 1];
  const rest = next === undefined ? 0 : Math.floor((ms % size) / next[1]);
  return rest === 0 || next === undefined ? `${whole} ${name}` : `${whole} ${name} ${rest} ${next[0]}`;
}

/** Returns the time left until an instant, in whole seconds with at most two units: `in 8 s`, `in 1 h 58 min`. */
export function leftText(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  return `in ${seconds < 60 ? `${seconds} s` : durationText(seconds * 1_000)}`;
}

/**
 * Returns an instant relative to `now`: `12 s ago`, `in 1 h 58 min`. A past instant has one unit. A future one has two,
 * because one would hide up to half of the time that is left.
 */
export function relativeText(at: number, now: number): string {
  const ms = now - at;
  if (Math.abs(ms) < 2_000) return 'just now';
  if (ms < 0) return leftText(-ms);
  const [name, size] = UNITS.find(([, each]) => ms >= each) ?? ['s', 1_000];
  return `${Math.floor(ms / size)} ${name} ago`;
}

/** Returns the date and time to the millisecond in the browser's time zone, with the name of the zone. */
export function absoluteText(at: number): string {
  return new Intl.DateTimeFormat(undefined, {
    ...{ year: 'numeric', month: 'short', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' },
    ...{ fractionalSecondDigits: 3, timeZoneName: 'short', hourCycle: 'h23' },
  }).format(at);
}
