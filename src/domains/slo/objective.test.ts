import { burnDownOf, objectiveOf } from './objective';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = 1_000 * DAY;
const month = { target: 99, windowDays: 30 };

describe('an objective', () => {
  it('of 99 % over 30 days allows 7.2 hours: 1.8 hours of downtime leave 75 %', () => {
    const outages = [{ from: NOW - 5 * DAY, until: NOW - 5 * DAY + 1.8 * HOUR }];
    expect(objectiveOf(month, outages, 0, NOW)).toEqual({
      ...{ budgetRemainingPercent: 75, currentStreak: 4, streakGrowsAt: NOW + 1.8 * HOUR },
    });
  });

  it('counts only the part of an outage inside the window, including one that continues', () => {
    expect(objectiveOf(month, [{ from: NOW - 31 * DAY, until: NOW - 30 * DAY + 3.6 * HOUR }], 0, NOW)).toMatchObject({
      budgetRemainingPercent: 50,
    });
    expect(objectiveOf(month, [{ from: NOW - 0.72 * HOUR, until: null }], 0, NOW)).toEqual({
      ...{ budgetRemainingPercent: 90, currentStreak: 0, streakGrowsAt: NOW + DAY },
    });
  });

  it('has nothing left if more than the budget is used, and everything without an outage', () => {
    expect(objectiveOf(month, [{ from: NOW - DAY, until: NOW }], 0, NOW).budgetRemainingPercent).toBe(0);
    expect(objectiveOf(month, [], NOW - 10.5 * DAY, NOW)).toEqual({
      ...{ budgetRemainingPercent: 100, currentStreak: 10, streakGrowsAt: NOW + 0.5 * DAY },
    });
  });

  it('of 100 % is breached by any outage', () => {
    expect(objectiveOf({ target: 100, windowDays: 30 }, [], 0, NOW).budgetRemainingPercent).toBe(100);
    expect(
      objectiveOf({ target: 100, windowDays: 30 }, [{ from: NOW - 2, until: NOW - 1 }], 0, NOW).budgetRemainingPercent,
    ).toBe(0);
  });
});

describe('the burn-down of an objective', () => {
  it('falls while the system is down and ends with the current remainder', () => {
    const outages = [{ from: NOW - 15 * DAY, until: NOW - 15 * DAY + 3.6 * HOUR }];
    const points = burnDownOf(month, outages, NOW);
    expect(points).toHaveLength(61);
    expect(points[0]).toEqual({ at: NOW - 30 * DAY, remainingPercent: 100 });
    expect(points[29]?.remainingPercent).toBe(100);
    expect(points[31]?.remainingPercent).toBe(50);
    expect(points.at(-1)).toEqual({
      at: NOW,
      remainingPercent: objectiveOf(month, outages, 0, NOW).budgetRemainingPercent,
    });
  });

  it('counts only the part of an earlier outage inside the window, including one that continues', () => {
    const points = burnDownOf(month, [{ from: NOW - 40 * DAY, until: null }], NOW);
    expect(points[0]?.remainingPercent).toBe(100);
    expect(points.at(-1)?.remainingPercent).toBe(0);
  });
});
