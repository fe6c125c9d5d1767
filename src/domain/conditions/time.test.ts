import type { TimeCondition } from '../definition/condition';
import { timeChangesAt, timeHolds } from './time';

const holds = (time: TimeCondition['time'], iso: string, zone = 'UTC') =>
  timeHolds({ time }, new Date(iso), zone).value;
const changes = (time: TimeCondition['time'], iso: string, zone = 'UTC') =>
  timeChangesAt({ time }, new Date(iso), zone)?.toISOString() ?? null;

describe('time', () => {
  it.each([
    ['after is inclusive', { after: '09:00' }, '2026-03-10T09:00:00Z', true],
    ['before is exclusive', { before: '09:00' }, '2026-03-10T09:00:00Z', false],
    ['only after: until midnight', { after: '09:00' }, '2026-03-10T23:59:59.999Z', true],
    ['only before: from midnight', { before: '09:00' }, '2026-03-10T00:00:00Z', true],
    ['seconds count', { after: '09:00:30' }, '2026-03-10T09:00:29.999Z', false],
    ['overnight, evening', { after: '22:00', before: '06:00' }, '2026-03-10T22:00:00Z', true],
    ['overnight, morning', { after: '22:00', before: '06:00' }, '2026-03-10T05:59:59Z', true],
    ['overnight, day', { after: '22:00', before: '06:00' }, '2026-03-10T12:00:00Z', false],
    ['equal bounds are empty', { after: '09:00', before: '09:00' }, '2026-03-10T09:00:00Z', false],
  ])('%s', (_, time, iso, expected) => {
    expect(holds(time, iso)).toBe(expected);
  });

  it('uses the day on which an overnight window started as its weekday', () => {
    const time = { after: '22:00', before: '06:00', weekday: ['mon' as const] };
    expect(holds(time, '2026-03-10T02:00:00Z')).toBe(true);
    expect(holds(time, '2026-03-09T02:00:00Z')).toBe(false);
    expect(holds(time, '2026-03-09T23:00:00Z')).toBe(true);
    expect(holds(time, '2026-03-10T23:00:00Z')).toBe(false);
  });

  it('reads numbers as weekdays, with Sunday = 0', () => {
    expect(holds({ weekday: [0] }, '2026-03-08T12:00:00Z')).toBe(true);
    expect(holds({ weekday: [6] }, '2026-03-07T12:00:00Z')).toBe(true);
    expect(holds({ weekday: 1 }, '2026-03-09T12:00:00Z')).toBe(true);
  });

  it('uses the wall clock of its own time zone, otherwise of the default', () => {
    expect(holds({ after: '13:00', before: '14:00' }, '2026-03-10T12:30:00Z', 'Europe/Berlin')).toBe(true);
    expect(holds({ after: '08:00', before: '09:00', timezone: 'America/New_York' }, '2026-03-10T12:30:00Z')).toBe(true);
    expect(holds({ after: '18:00', before: '18:30', timezone: 'Asia/Kolkata' }, '2026-03-10T12:45:00Z')).toBe(true);
  });

  it('follows daylight saving time', () => {
    const morning = { after: '08:00', before: '09:00' };
    expect(holds(morning, '2026-03-28T07:30:00Z', 'Europe/Berlin')).toBe(true);
    expect(holds(morning, '2026-03-30T07:30:00Z', 'Europe/Berlin')).toBe(false);
    expect(holds(morning, '2026-03-30T06:30:00Z', 'Europe/Berlin')).toBe(true);
  });
});

describe('the next change of time', () => {
  it('is the next start or end', () => {
    expect(changes({ after: '22:00', before: '06:00' }, '2026-03-10T12:00:00Z')).toBe('2026-03-10T22:00:00.000Z');
    expect(changes({ after: '22:00', before: '06:00' }, '2026-03-10T23:00:00.500Z')).toBe('2026-03-11T06:00:00.000Z');
    expect(changes({ after: '09:00' }, '2026-03-10T12:00:00Z')).toBe('2026-03-11T00:00:00.000Z');
  });

  it('skips days that are not listed', () => {
    expect(changes({ after: '09:00', weekday: ['mon'] }, '2026-03-10T12:00:00Z')).toBe('2026-03-16T09:00:00.000Z');
    expect(changes({ weekday: ['sun'] }, '2026-03-08T12:00:00Z')).toBe('2026-03-09T00:00:00.000Z');
  });

  it('never happens for a window that is empty or covers the whole day', () => {
    expect(changes({ after: '09:00', before: '09:00' }, '2026-03-10T12:00:00Z')).toBeNull();
    expect(changes({ weekday: [0, 1, 2, 3, 4, 5, 6] }, '2026-03-10T12:00:00Z')).toBeNull();
  });

  it('is the end of the gap if the bound does not exist on that day', () => {
    const time = { after: '02:30', before: '04:00' };
    expect(changes(time, '2026-03-29T00:00:00Z', 'Europe/Berlin')).toBe('2026-03-29T01:00:00.000Z');
  });

  it('takes account of the hour that occurs twice', () => {
    const time = { after: '02:30', before: '04:00' };
    expect(changes(time, '2026-10-25T00:00:00Z', 'Europe/Berlin')).toBe('2026-10-25T00:30:00.000Z');
    expect(changes(time, '2026-10-25T00:45:00Z', 'Europe/Berlin')).toBe('2026-10-25T01:00:00.000Z');
    expect(changes(time, '2026-10-25T01:00:00Z', 'Europe/Berlin')).toBe('2026-10-25T01:30:00.000Z');
  });

  it('agrees with minute-by-minute evaluation when the clocks change', () => {
    const time = { after: '01:30', before: '02:45', weekday: ['sat' as const, 'sun' as const] };
    for (const zone of ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe']) {
      for (let at = Date.parse('2026-03-28T00:00:00Z'); at < Date.parse('2026-03-30T00:00:00Z'); at += 3_600_000) {
        const next = timeChangesAt({ time }, new Date(at), zone)?.getTime() ?? Infinity;
        const value = timeHolds({ time }, new Date(at), zone).value;
        for (let probe = at; probe < Math.min(next, at + 4 * 3_600_000); probe += 1_800_000) {
          expect(timeHolds({ time }, new Date(probe), zone).value).toBe(value);
        }
        if (next !== Infinity) expect(timeHolds({ time }, new Date(next), zone).value).not.toBe(value);
      }
    }
  });
});
