import { CronError, cronMatches, nextCron, parseCron } from './cron';

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

  it('takes names, ranges and lists; 7 is Sunday', () => {
    expect(times('0 12 * * mon-wed,7', '2026-11-22T00:00:00Z', '2026-11-29T00:00:00Z')).toEqual([
      '11-22T12:00:00',
      '11-23T12:00:00',
      '11-24T12:00:00',
      '11-25T12:00:00',
    ]);
    expect(parseCron('0 0 1 jan,JUL *').months).toEqual([1, 7]);
  });

  it('with both kinds of day set means either', () => {
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

  it('skips a daily time that the clock jumps over', () => {
    expect(times('30 2 * * *', '2026-03-28T00:00:00Z', '2026-03-30T12:00:00Z', 'Europe/Berlin')).toEqual([
      '03-28T01:30:00',
      '03-30T00:30:00',
    ]);
  });

  it('fires once at a daily time that the clock shows twice, and in both hours when it is hourly', () => {
    const night = ['2026-10-24T23:00:00Z', '2026-10-25T03:00:00Z', 'Europe/Berlin'] as const;
    expect(times('30 2 * * *', ...night)).toEqual(['10-25T00:30:00']);
    expect(times('30 * * * *', ...night)).toEqual([
      '10-24T23:30:00',
      '10-25T00:30:00',
      '10-25T01:30:00',
      '10-25T02:30:00',
    ]);
  });

  it('knows shifts of half an hour', () => {
    const pattern = parseCron('45 1 * * *');
    expect(cronMatches(pattern, new Date('2026-04-04T14:45:00Z'), 'Australia/Lord_Howe')).toBe(true);
    expect(cronMatches(pattern, new Date('2026-04-04T15:15:00Z'), 'Australia/Lord_Howe')).toBe(false);
  });

  it.each([
    ['* * * *', 'five fields'],
    ['', 'five fields'],
    ['60 * * * *', '"60" is no minute'],
    ['5-1 * * * *', '"5-1" is no minute'],
    ['* * * * mun', '"mun" is no day of week'],
    ['*/0 * * * *', '"*/0" is no minute'],
    ['0 0 30 2 *', 'No such day'],
    ['a b c d e', '"a" is no minute'],
  ])('%s is refused', (pattern, message) => {
    expect(() => parseCron(pattern)).toThrow(CronError);
    expect(() => parseCron(pattern)).toThrow(message);
  });
});
