/** Weekdays as they are written in documents, in order from Monday. */
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const TIME_OF_DAY = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/;

/** Returns whether `text` is a time of day, `HH:MM` or `HH:MM:SS`. */
export function isTimeOfDay(text: string): boolean {
  return TIME_OF_DAY.test(text);
}

/** Returns the seconds since midnight of `HH:MM[:SS]`, or NaN for anything else. */
export function secondsOfDay(text: string): number {
  const match = TIME_OF_DAY.exec(text);
  return match ? Number(match[1]) * 3_600 + Number(match[2]) * 60 + Number(match[3] ?? 0) : NaN;
}

/**
 * Returns whether the runtime supports this IANA time zone. Offsets such as "+02:00" are refused, because they do not
 * include daylight saving time.
 */
export function isTimezone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
