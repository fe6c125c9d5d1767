/** Wall-clock time in a zone: the weekday (0 = Monday) and the seconds since midnight. */
export interface ZonedTime {
  weekday: number;
  seconds: number;
  /** Offset of the wall clock from UTC in milliseconds. It is positive when the zone is ahead of UTC. */
  offsetMs: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timezone: string): Intl.DateTimeFormat {
  const known = formats.get(timezone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
  formats.set(timezone, format);
  return format;
}

/** Returns the wall-clock time in a zone according to the IANA rules. */
export function zonedTime(instant: Date, timezone: string): ZonedTime {
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of formatOf(timezone).formatToParts(instant)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  const wall = Date.UTC(year, month - 1, day, hour, minute, second);
  const wholeSeconds = Math.floor(instant.getTime() / 1_000) * 1_000;
  return {
    weekday: (new Date(wall).getUTCDay() + 6) % 7,
    seconds: hour * 3_600 + minute * 60 + second,
    offsetMs: wall - wholeSeconds,
  };
}
