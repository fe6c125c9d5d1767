/**
 * A period in which the system was unhealthy. Times are in milliseconds since 1970; `until` is null while the outage
 * continues.
 */
export interface Outage {
  from: number;
  until: number | null;
}

/** The computed values of an objective. */
export interface Objective {
  budgetRemainingPercent: number;
  /** Number of whole days since the system was last unhealthy, or since `since` if it never was. */
  currentStreak: number;
  /** When the next day of the streak is complete, in milliseconds since 1970. */
  streakGrowsAt: number;
}

const DAY_MS = 86_400_000;

/**
 * Computes an objective. The budget is the share of the window in which the system may be unhealthy, (100 - target) %.
 * The remaining budget, in percent, is 100 × (1 - unhealthy time in the window / budget), at least 0, rounded to two
 * decimals. Degraded time does not use the budget, and time before the system was known counts as healthy. The streak
 * is the number of whole 24-hour days since the end of the last outage, or since `since` if that is later.
 */
export function objectiveOf(
  { target, windowDays }: { target: number; windowDays: number },
  outages: readonly Outage[],
  since: number,
  now: number,
): Objective {
  const start = now - windowDays * DAY_MS;
  const down = outages.reduce((sum, { from, until }) => sum + Math.max(0, (until ?? now) - Math.max(from, start)), 0);
  const budget = ((100 - target) / 100) * windowDays * DAY_MS;
  const left = budget === 0 ? (down === 0 ? 100 : 0) : Math.max(0, 100 * (1 - down / budget));
  const last = outages.reduce((latest, { until }) => Math.max(latest, until ?? now), since);
  const currentStreak = Math.max(0, Math.floor((now - last) / DAY_MS));
  return {
    ...{ budgetRemainingPercent: Math.round(left * 100) / 100, currentStreak },
    streakGrowsAt: last + (currentStreak + 1) * DAY_MS,
  };
}

/**
 * Number of equal periods into which a burn-down divides the window. It has a point at the start and after each period.
 */
const BURN_DOWN_POINTS = 60;

/**
 * Returns the remaining budget at evenly spaced times from the start of the current window to `now`. The remaining
 * budget is in percent of the window's budget. Times are in milliseconds since 1970.
 */
export function burnDownOf(
  objective: { target: number; windowDays: number },
  outages: readonly Outage[],
  now: number,
): { at: number; remainingPercent: number }[] {
  const windowMs = objective.windowDays * DAY_MS;
  const budget = ((100 - objective.target) / 100) * windowMs;
  const start = now - windowMs;
  return Array.from({ length: BURN_DOWN_POINTS + 1 }, (_, index) => {
    const at = start + (index * windowMs) / BURN_DOWN_POINTS;
    const down = outages.reduce(
      (sum, { from, until }) => sum + Math.max(0, Math.min(until ?? now, at) - Math.max(from, start)),
      0,
    );
    const left = budget === 0 ? (down === 0 ? 100 : 0) : Math.max(0, 100 * (1 - down / budget));
    return { at, remainingPercent: Math.round(left * 100) / 100 };
  });
}

/** Streaks, in days, that fire `slo.achievement_unlocked`. */
export const MILESTONES = [7, 30, 90, 180, 365] as const;

/** Remaining budget, in percent, below which an objective is at risk. An objective with no budget left is breached. */
export const AT_RISK_PERCENT = 25;
