import { timeTicks } from '../../console/src/lib/time-ticks';

const DAY = 86_400_000;
/** 17:23 in the time zone of the process. */
const END = new Date(2026, 10, 29, 17, 23).getTime();

describe('the ticks of a time axis', () => {
  it.each([
    [1, 4],
    [1, 12],
    [7, 4],
    [30, 4],
    [30, 14],
    [90, 4],
  ])('of %i days are at most %i, evenly spaced and at round local times', (days, most) => {
    const ticks = timeTicks(END - days * DAY, END, most);
    expect(ticks.length).toBeGreaterThan(most / 3);
    expect(ticks.length).toBeLessThanOrEqual(most);
    for (const { at } of ticks) {
      expect(at).toBeGreaterThanOrEqual(END - days * DAY);
      expect(at).toBeLessThanOrEqual(END);
      expect(new Date(at).getMinutes()).toBe(0);
      if (days >= 7) expect(new Date(at).getHours()).toBe(0);
    }
    // Daylight saving time may begin or end between two ticks, so the distances are rounded to two hours.
    const distances = ticks.slice(1).map(({ at }, index) => Math.round(((at - (ticks[index]?.at ?? 0)) / DAY) * 12));
    expect(new Set(distances).size).toBeLessThanOrEqual(1);
  });

  it('are labelled with the date at midnight and with the time at other hours', () => {
    const labels = timeTicks(END - DAY, END, 4).map(({ label }) => label);
    expect(labels).toEqual(['18:00', expect.stringMatching(/29/), '06:00', '12:00']);
  });

  it('are empty if no tick fits', () => {
    expect(timeTicks(END - 30 * DAY, END, 0)).toEqual([]);
  });
});
