import { millisecondsOf, writtenMs, durationMs, Duration, DurationError, MAX_DURATION_MS } from './duration';

const render = (template: string): unknown => JSON.parse(template);
const ms = (duration: Duration) => durationMs(duration, render);

describe('durationMs', () => {
  it.each<[Duration, number]>([
    [{ seconds: 1 }, 1_000],
    [{ minutes: 1.5 }, 90_000],
    [{ days: 1, hours: 2, minutes: 3, seconds: 4 }, 93_784_000],
    ['00:05:00', 300_000],
    ['720:00:00', MAX_DURATION_MS],
    [{ template: '90' }, 90_000],
    [{ template: '"90"' }, 90_000],
    [{ template: '" 00:01:30 "' }, 90_000],
    [{ template: '0.5' }, 500],
  ])('%j is %d ms', (duration, expected) => {
    expect(ms(duration)).toBe(expected);
  });

  it.each(['0', '-5', '""', 'null', '"soon"', '[]', '{}', 'true', '2592001', '"00:00:00"', '1e400'])(
    'refuses a template that renders to %s',
    (template) => {
      expect(() => ms({ template })).toThrow(DurationError);
    },
  );

  it('rethrows errors of rendering', () => {
    expect(() =>
      durationMs({ template: 'x' }, () => {
        throw new RangeError('mine');
      }),
    ).toThrow(RangeError);
  });
});

describe('Duration', () => {
  it.each([
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['90s', 90_000],
    ['500ms', 500],
    [' 1h ', 3_600_000],
    ['00:05:00', 300_000],
  ])('reads %j', (value, ms) => {
    expect(durationMs(Duration.parse(value), () => undefined)).toBe(ms);
  });

  it('reads "1h30m" from a template', () => {
    expect(durationMs({ template: '{{ x }}' }, () => '1h30m')).toBe(5_400_000);
  });

  it.each([
    {},
    { seconds: 0 },
    { seconds: -1 },
    { days: 31 },
    '5',
    '5x',
    '30m1h',
    '1.5h',
    '31d',
    '0s',
    '-5m',
    '',
    '00:60:00',
    '00:00:00',
    '721:00:00',
    5,
    null,
    { minutes: '5' },
  ])('refuses %j', (value) => {
    expect(Duration.safeParse(value).success).toBe(false);
  });
});

describe('a field in milliseconds', () => {
  const Field = millisecondsOf(1_000, 300_000, 5_000);

  it.each([
    [5_000, 5_000],
    ['5s', 5_000],
    ['1m30s', 90_000],
    ['00:05:00', 300_000],
    [{ minutes: 1 }, 60_000],
  ])('reads %j', (value, ms) => {
    expect(Field.parse(value)).toBe(ms);
    expect(writtenMs(value)).toBe(ms);
  });

  it.each([999, '0.5s', '6m', { hours: 1 }, 'soon', null])('refuses %j', (value) => {
    expect(Field.safeParse(value).success).toBe(false);
  });

  it('returns no length for a template', () => {
    expect(writtenMs('{{ var.timeout }}')).toBeUndefined();
  });
});
