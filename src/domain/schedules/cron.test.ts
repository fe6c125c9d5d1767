import { CronError, cronMatches, cronWarnings, nextCron, parseCron } from './cron';

const times = (pattern: string, from: string, until: string, timezone = 'UTC'): string[] => {
  const parsed = parseCron(pattern);
  const found: string[] = [];
  for (let at: Date | null = new Date(from); ;) {
    at = nextCron(parsed, at, new Date(until), timezone);
    if (at === null) return found;
    found.push(at.toISOString().slice(5, 19));
  }
};

describe('a cron pattern', () => {
  it('has five fields, or six with seconds first', () => {
    expect(times('*/20 9 * * *', '2026-11-24T00:00:00Z', '2026-11-25T00:00:00Z')).toEqual([
      '11-24T09:00:00',
      '11-24T09:20:00',
      '11-24T09:40:00',
    ]);
    expect(times('*/30 0 9 * * *', '2026-11-24T00:00:00Z', '2026-11-25T00:00:00Z')).toEqual([
      '11-24T09:00:00',
      '11-24T09:00:30',
    ]);
  });

  it('accepts names, ranges and lists; 7 is Sunday', () => {
    expect(times('0 12 * * mon-wed,7', '2026-11-22T00:00:00Z', '2026-11-29T00:00:00Z')).toEqual([
      '11-22T12:00:00',
      '11-23T12:00:00',
      '11-24T12:00:00',
      '11-25T12:00:00',
    ]);
    expect(parseCron('0 0 1 jan,JUL *').months).toEqual([1, 7]);
  });

  it('that restricts both kinds of days fires if either matches', () => {
    expect(times('0 0 13 * fri', '2026-11-10T00:00:00Z', '2026-11-21T00:00:00Z')).toEqual([
      '11-13T00:00:00',
      '11-20T00:00:00',
    ]);
    expect(times('0 0 15 * fri', '2026-11-10T00:00:00Z', '2026-11-21T00:00:00Z')).toEqual([
      '11-13T00:00:00',
      '11-15T00:00:00',
      '11-20T00:00:00',
    ]);
  });

  it('skips a daily time that the clock skips', () => {
    expect(times('30 2 * * *', '2026-03-28T00:00:00Z', '2026-03-30T12:00:00Z', 'Europe/Berlin')).toEqual([
      '03-28T01:30:00',
      '03-30T00:30:00',
    ]);
  });

  it('fires once at a daily time that occurs twice, but in both hours if it is hourly', () => {
    const night = ['2026-10-24T23:00:00Z', '2026-10-25T03:00:00Z', 'Europe/Berlin'] as const;
    expect(times('30 2 * * *', ...night)).toEqual(['10-25T00:30:00']);
    expect(times('30 * * * *', ...night)).toEqual([
      '10-24T23:30:00',
      '10-25T00:30:00',
      '10-25T01:30:00',
      '10-25T02:30:00',
    ]);
  });

  it('supports clock changes of half an hour', () => {
    const pattern = parseCron('45 1 * * *');
    expect(cronMatches(pattern, new Date('2026-04-04T14:45:00Z'), 'Australia/Lord_Howe')).toBe(true);
    expect(cronMatches(pattern, new Date('2026-04-04T15:15:00Z'), 'Australia/Lord_Howe')).toBe(false);
  });

  it.each([
    ['* * * *', 'five fields'],
    ['', 'five fields'],
    ['60 * * * *', '"60" is not a minute'],
    ['5-1 * * * *', '"5-1" is not a minute'],
    ['* * * * mun', '"mun" is not a day of week'],
    ['*/0 * * * *', '"*/0" is not a minute'],
    ['0 0 30 2 *', 'None of these months has such a day'],
    ['a b c d e', '"a" is not a minute'],
  ])('%s is refused', (pattern, message) => {
    expect(() => parseCron(pattern)).toThrow(CronError);
    expect(() => parseCron(pattern)).toThrow(message);
  });
});

describe('days that depend on the month', () => {
  const dates = (pattern: string, from: string, until: string) =>
    times(pattern, from, until).map((time) => time.slice(0, 5));
  it.each([
    ['the last day', '0 0 L * *', ['01-31', '02-28', '03-31', '04-30']],
    ['two days before the last', '0 0 L-2 * *', ['01-29', '02-26', '03-29', '04-28']],
    ['the last working day', '0 0 LW * *', ['01-30', '02-27', '03-31', '04-30']],
    ['the working day nearest to the 1st', '0 0 1W * *', ['01-01', '02-02', '03-02', '04-01']],
    ['the working day nearest to the 31st, where there is one', '0 0 31W * *', ['01-30', '03-31']],
    ['the second Monday', '0 0 * * 1#2', ['01-12', '02-09', '03-09', '04-13']],
    ['the second Monday, by name', '0 0 ? * mon#2', ['01-12', '02-09', '03-09', '04-13']],
    ['the last Friday', '0 0 * * 5L', ['01-30', '02-27', '03-27', '04-24']],
    ['the fifth Thursday, where there is one', '0 0 * * 4#5', ['01-29', '04-30']],
    [
      'the 1st and the last day',
      '0 0 1,L * *',
      ['01-01', '01-31', '02-01', '02-28', '03-01', '03-31', '04-01', '04-30'],
    ],
    [
      'the 2nd or the last Sunday',
      '0 0 2 * 0L',
      ['01-02', '01-25', '02-02', '02-22', '03-02', '03-29', '04-02', '04-26'],
    ],
  ])('%s: %s', (_, pattern, expected) => {
    expect(dates(pattern, '2025-12-31T12:00:00Z', '2026-04-30T12:00:00Z')).toEqual(expected);
  });

  it.each(['@daily', '@DAILY', '@hourly', '@weekly', '@monthly', '@yearly', '@midnight'])('accepts %s', (macro) => {
    expect(parseCron(macro).minutes).toEqual([0]);
  });

  it.each(['@reboot', '@', '0 0 32W * *', '0 0 L-31 * *', '0 0 * * 1#6', '0 0 * * 8L', '0 0 W * *', 'L * * * *'])(
    'refuses %s',
    (pattern) => {
      expect(() => parseCron(pattern)).toThrow(CronError);
    },
  );
});

describe('cronWarnings', () => {
  it.each([
    ['*/90 * * * *', '"*/90" of the minute matches only 0'],
    ['*/7 * * * *', '"*/7" of the minute does not divide 60'],
    ['0 */5 * * *', '"*/5" of the hour does not divide 24'],
    ['*/40 0 9 * * *', '"*/40" of the second does not divide 60'],
  ])('warns about %s', (pattern, warning) => {
    expect(cronWarnings(pattern)).toEqual([expect.stringContaining(warning)]);
  });

  it.each(['*/15 * * * *', '0 */6 * * *', '0 0 */2 * *', '@daily', '5-50/7 * * * *'])('accepts %s', (pattern) => {
    expect(cronWarnings(pattern)).toEqual([]);
  });
});
