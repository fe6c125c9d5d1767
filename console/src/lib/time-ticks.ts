/** A mark on a horizontal time axis. */
interface TimeTick {
  /** Milliseconds since the epoch. */
  at: number;
  /** A date such as `Nov 3`, or a time such as `06:00`. */
  label: string;
}

type Step = readonly [unit: 'hours' | 'days', count: number];
const STEPS: readonly Step[] = [
  ...([1, 2, 3, 6, 12] as const).map((count): Step => ['hours', count]),
  ...([1, 2, 3, 5, 7, 10, 14, 21, 28] as const).map((count): Step => ['days', count]),
];

const DATE = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });
const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hour12: false });

/** Returns the day of an instant in the browser's time zone, such as `Nov 3`. */
export const dateText = (at: number): string => DATE.format(at);

/**
 * Returns at most `most` evenly spaced ticks between two instants. They are at round times in the browser's time zone:
 * at midnight, or at hours counted from midnight. Uses the smallest spacing for which `most` ticks suffice.
 */
export function timeTicks(from: number, to: number, most: number): TimeTick[] {
  const all = STEPS.map((step) => ticksOf(step, from, to));
  return all.find((ticks) => ticks.length <= most) ?? [];
}

function ticksOf([unit, count]: Step, from: number, to: number): TimeTick[] {
  const ticks: TimeTick[] = [];
  const start = new Date(from);
  start.setHours(0, 0, 0, 0);
  for (let index = 0; ; index += 1) {
    // Local arithmetic, so that the ticks remain at the same time of day when daylight saving time begins or ends.
    const day = start.getDate() + (unit === 'days' ? index * count : 0);
    const hour = unit === 'hours' ? index * count : 0;
    const tick = new Date(start.getFullYear(), start.getMonth(), day, hour);
    if (tick.getTime() > to) return ticks;
    if (tick.getTime() < from || tick.getTime() === ticks.at(-1)?.at) continue;
    ticks.push({ at: tick.getTime(), label: tick.getHours() === 0 ? dateText(tick.getTime()) : TIME.format(tick) });
  }
}
