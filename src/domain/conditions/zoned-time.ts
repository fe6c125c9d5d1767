/** Wall clock of a zone: weekday 0 = Monday, seconds since midnight. */
export interface ZonedTime {
  weekday: number;
  seconds: number;
}

const NAMES = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timezone: string): Intl.DateTimeFormat {
  const known = formats.get(timezone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
  formats.set(timezone, format);
  return format;
}

/** What clocks on the wall show in a zone, by the IANA rules. */
export function zonedTime(instant: Date, timezone: string): ZonedTime {
  const parts = new Map(
    formatOf(timezone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, value]),
  );
  const number = (type: 'hour' | 'minute' | 'second') => Number(parts.get(type));
  return {
    weekday: NAMES.indexOf(parts.get('weekday') ?? ''),
    seconds: number('hour') * 3_600 + number('minute') * 60 + number('second'),
  };
}
