/**
 * Returns the start and end of each of `count` days in the local time zone, beginning with the day of `at`. Times are
 * in ms since 1970.
 */
export function daysFrom(at: Date, count: number): { from: number; to: number }[] {
  // A day in which the clocks change does not have 24 hours.
  const startOf = (index: number) => new Date(at.getFullYear(), at.getMonth(), at.getDate() + index).getTime();
  return Array.from({ length: count }, (_, index) => ({ from: startOf(index), to: startOf(index + 1) }));
}

/** Returns a number of days as text: `1 day`, `30 days`. */
export const daysText = (days: number): string => (days === 1 ? '1 day' : `${days} days`);
