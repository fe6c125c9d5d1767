const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;
const TOKEN = /'((?:[^']|'')*)'|yyyy|yy|MMMM|MMM|MM|M|dd|d|EEEE|EEE|HH|H|hh|h|mm|m|ss|s|SSS|a|XXX/g;
const MAX_PATTERN_LENGTH = 200;
const MAX_ZONES = 50;

// Creating a formatter takes about 50 µs, so formatters are cached by zone.
const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(timezone: string): Intl.DateTimeFormat | undefined {
  const known = clocks.get(timezone);
  if (known !== undefined) return known;
  try {
    const clock = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    if (clocks.size >= MAX_ZONES) clocks.clear();
    clocks.set(timezone, clock);
    return clock;
  } catch {
    return undefined;
  }
}

/**
 * Returns by how many milliseconds a zone is ahead of UTC at a given time, or undefined for a zone that does not exist.
 */
function zoneOffset(instant: number, timezone: string): number | undefined {
  if (timezone === 'UTC') return 0;
  const clock = clockOf(timezone);
  if (clock === undefined) return undefined;
  const parts = new Map(clock.formatToParts(instant).map(({ type, value }) => [type, value]));
  const field = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
  const year = parts.get('era') === 'BC' ? 1 - field('year') : field('year');
  const local = new Date(0);
  local.setUTCFullYear(year, field('month') - 1, field('day'));
  local.setUTCHours(field('hour'), field('minute'), field('second'));
  return local.getTime() - Math.floor(instant / 1000) * 1000;
}

function pad(number: number, width = 2): string {
  return String(number).padStart(width, '0');
}

function offsetText(offsetMs: number): string {
  const minutes = Math.round(Math.abs(offsetMs) / 60_000);
  return offsetMs === 0 ? 'Z' : `${offsetMs < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
}

function readToken(token: string, local: Date, offsetMs: number): string {
  const hour12 = local.getUTCHours() % 12 === 0 ? 12 : local.getUTCHours() % 12;
  const month = MONTHS[local.getUTCMonth()] ?? '';
  const day = DAYS[local.getUTCDay()] ?? '';
  const texts: Readonly<Record<string, string>> = {
    yyyy: pad(local.getUTCFullYear(), 4),
    yy: pad(local.getUTCFullYear() % 100),
    MMMM: month,
    MMM: month.slice(0, 3),
    MM: pad(local.getUTCMonth() + 1),
    M: String(local.getUTCMonth() + 1),
    dd: pad(local.getUTCDate()),
    d: String(local.getUTCDate()),
    EEEE: day,
    EEE: day.slice(0, 3),
    HH: pad(local.getUTCHours()),
    H: String(local.getUTCHours()),
    hh: pad(hour12),
    h: String(hour12),
    mm: pad(local.getUTCMinutes()),
    m: String(local.getUTCMinutes()),
    ss: pad(local.getUTCSeconds()),
    s: String(local.getUTCSeconds()),
    SSS: pad(local.getUTCMilliseconds(), 3),
    a: local.getUTCHours() < 12 ? 'AM' : 'PM',
    XXX: offsetText(offsetMs),
  };
  return texts[token] ?? token;
}

/**
 * Formats a time (milliseconds since 1970) in a time zone. Formats: `ISO`, `date` (2026-11-23), `time` (11:05:00),
 * `unix` (a number of seconds), `rfc2822`, or a pattern of yyyy yy MMMM MMM MM M dd d EEEE EEE HH H hh h mm m ss s SSS
 * a XXX. In a pattern, text in single quotes and all other characters are copied. `ISO`, `unix` and `rfc2822` ignore
 * the zone. The result is ISO in UTC when the zone does not exist, when the format is not a string, or when it is
 * longer than 200 characters.
 */
export function formatDate(instant: number, format: unknown, timezone: unknown): string | number {
  const iso = new Date(instant).toISOString();
  if (format === 'unix') return Math.floor(instant / 1000);
  if (format === 'rfc2822') return new Date(instant).toUTCString();
  if (typeof format !== 'string' || format === 'ISO' || format.length > MAX_PATTERN_LENGTH) return iso;
  const offsetMs = zoneOffset(instant, typeof timezone === 'string' ? timezone : 'UTC');
  if (offsetMs === undefined) return iso;
  const pattern = format === 'date' ? 'yyyy-MM-dd' : format === 'time' ? 'HH:mm:ss' : format;
  const local = new Date(instant + offsetMs);
  return pattern.replace(TOKEN, (token, quoted: string | undefined) => {
    if (quoted === undefined) return readToken(token, local, offsetMs);
    return quoted === '' ? "'" : quoted.replaceAll("''", "'");
  });
}
