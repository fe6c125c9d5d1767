import { traceCondition } from './trace-condition';

const context = { now: new Date('2026-11-24T11:00:00Z'), timezone: 'UTC', predicateSince: () => null };
const scope = {
  trigger: { id: 'down', payload: { n: 3, status: 'degraded' } },
  state: { health: { checkout: { status: 'degraded' } } },
};
const trace = (condition: Parameters<typeof traceCondition>[0]) => traceCondition(condition, scope, context);

describe('traceCondition', () => {
  it('shows both sides of a comparison', () => {
    expect(trace('trigger.payload.status == "unhealthy"')).toMatchObject({
      condition: 'trigger.payload.status == "unhealthy"',
      value: false,
      actual: 'degraded',
      wanted: { '==': 'unhealthy' },
    });
  });

  it('shows the value of any other expression', () => {
    expect(trace('trigger.payload.n')).toMatchObject({ value: true, actual: 3 });
    expect(trace('trigger.payload.missing')).toMatchObject({ value: false, actual: null });
  });

  it('shows the operand of a negation, which should be false', () => {
    expect(trace('!trigger.payload.missing')).toMatchObject({ value: true, actual: null, wanted: false });
    expect(trace('!(trigger.payload.n == 3)')).toMatchObject({ value: false, actual: true, wanted: false });
    expect(trace('trigger.payload.n == 3 && !trigger.payload.n').parts?.[1]).toMatchObject({
      ...{ condition: '!trigger.payload.n', value: false, actual: 3, wanted: false },
    });
    expect(trace('(!trigger.payload.n)')).toEqual({
      ...{ condition: '(!trigger.payload.n)', value: false, actual: false, reason: expect.any(String) },
    });
  });

  it('evaluates every part, even after the deciding one', () => {
    const all = trace({ and: ['trigger.payload.n > 5', { not: { trigger: 'down' } }, '1 | nonsense'] });
    expect(all).toMatchObject({ condition: 'and', value: false });
    expect(all.parts?.map(({ condition, value }) => [condition, value])).toEqual([
      ['trigger.payload.n > 5', false],
      ['not', false],
      ['1 | nonsense', 'error'],
    ]);
    expect(all.parts?.[1]?.parts?.[0]).toMatchObject({ condition: 'trigger', value: true, actual: 'down' });
  });

  it('examines the operands of `&&` and `||` at any depth', () => {
    const all = trace(
      'trigger.payload.n > 1 && (trigger.payload.status == "healthy" || trigger.payload.n - "x" > 0) && true',
    );
    expect(all).toMatchObject({
      value: 'error',
      parts: [
        { condition: 'trigger.payload.n > 1', value: true, actual: 3, wanted: { '>': 1 } },
        {
          value: 'error',
          parts: [{ value: false, actual: 'degraded', wanted: { '==': 'healthy' } }, { value: 'error' }],
        },
        { condition: 'true', value: true },
      ],
    });
  });

  it('shows the numbers, states and times of structured conditions', () => {
    expect(trace({ numeric_state: { value: 'trigger.payload.n', above: 5 } })).toMatchObject({
      condition: 'trigger.payload.n',
      actual: 3,
      wanted: { above: 5 },
    });
    expect(trace({ state: { entity: 'checkout', status: ['healthy', 'unhealthy'] } })).toMatchObject({
      condition: 'status of health:checkout',
      actual: 'degraded',
      wanted: { one_of: ['healthy', 'unhealthy'] },
    });
    expect(trace({ time: { after: '12:00' } })).toMatchObject({
      actual: 'tue 11:00:00 (UTC)',
      wanted: { after: '12:00' },
    });
  });

  it('cuts values that are too long to show', () => {
    const long = traceCondition('trigger.payload.text', { trigger: { payload: { text: 'x'.repeat(1_000) } } }, context);
    expect(JSON.stringify(long.actual).length).toBeLessThan(400);
  });
});
