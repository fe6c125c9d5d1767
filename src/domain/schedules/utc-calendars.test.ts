import * as fc from 'fast-check';
import { cronMatches, nextCron, parseCron } from './cron';
import { offsetsOf, utcCalendars, type UtcCalendar } from './utc-calendars';

const has = (calendar: UtcCalendar, at: Date): boolean =>
  calendar.seconds.includes(at.getUTCSeconds()) &&
  calendar.minutes.includes(at.getUTCMinutes()) &&
  calendar.hours.includes(at.getUTCHours()) &&
  calendar.daysOfMonth.includes(at.getUTCDate()) &&
  calendar.months.includes(at.getUTCMonth() + 1) &&
  calendar.daysOfWeek.includes(at.getUTCDay());

describe('the UTC calendars of a cron pattern', () => {
  it('contain the offset of the zone, in summer and in winter', () => {
    const now = new Date('2026-11-24T00:00:00Z');
    expect(offsetsOf('Asia/Kolkata', now)).toEqual([330]);
    expect(offsetsOf('Europe/Berlin', now)).toEqual([60, 120]);
    expect(offsetsOf('Australia/Lord_Howe', now)).toEqual([630, 660]);
  });

  it('are a single calendar for an hourly pattern at any offset', () => {
    expect(utcCalendars(parseCron('*/15 * * * *'), [60, 120])).toHaveLength(1);
    expect(utcCalendars(parseCron('30 9 * * 1-5'), [60, 120]).map(({ hours }) => hours)).toEqual([[8], [7]]);
  });

  it('contain every time of the pattern, across clock changes and ends of months', () => {
    const pattern = fc.constantFrom(
      ...[
        '30 2 * * *',
        '30 * * * *',
        '0 0 1 * *',
        '0 0 31 * mon',
        '15,45 22-23 * * fri',
        '0 9 29 feb *',
        '*/7 */5 13 * 5',
      ],
    );
    const zone = fc.constantFrom(
      'Europe/Berlin',
      'America/Los_Angeles',
      'Australia/Lord_Howe',
      'Pacific/Auckland',
      'UTC',
    );
    const days = fc.integer({ min: 0, max: 400 });
    fc.assert(
      fc.property(pattern, zone, days, (text, timezone, day) => {
        const from = new Date(Date.UTC(2027, 0, 1 + day));
        const parsed = parseCron(text);
        const calendars = utcCalendars(parsed, offsetsOf(timezone, from));
        const until = new Date(from.getTime() + 3 * 86_400_000);
        for (
          let at = nextCron(parsed, from, until, timezone);
          at !== null;
          at = nextCron(parsed, at, until, timezone)
        ) {
          expect({ text, timezone, at, found: calendars.some((calendar) => has(calendar, at as Date)) }).toMatchObject({
            found: true,
          });
        }
      }),
      { numRuns: 60 },
    );
  });

  it('also contain times that do not match the pattern, which must be checked before a time fires', () => {
    const parsed = parseCron('30 2 * * *');
    const both = ['2027-10-31T00:30:00Z', '2027-10-31T01:30:00Z'].map((at) => new Date(at));
    const calendars = utcCalendars(parsed, [60, 120]);
    expect(both.map((at) => calendars.some((calendar) => has(calendar, at)))).toEqual([true, true]);
    expect(both.map((at) => cronMatches(parsed, at, 'Europe/Berlin'))).toEqual([true, false]);
  });
});
