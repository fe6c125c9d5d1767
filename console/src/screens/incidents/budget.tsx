import type { components } from '../../api/schema';
import { durationText } from '../../lib/time';

type Slo = components['schemas']['Slo'];

/** Remaining budget, in percent, below which an objective is shown as at risk. */
const LOW_PERCENT = 25;

/** Returns the CSS class for the colour of a remaining budget, which is given in percent. */
export const toneOfBudget = (left: number) => (left <= 0 ? 'tone-bad' : left < LOW_PERCENT ? 'tone-warn' : 'tone-good');

/** Shows the remaining error budget of an objective as a bar, as a percentage and as a word. */
export function Budget({ slo: { budgetRemainingPercent: left } }: { slo: Slo }) {
  const word = left <= 0 ? 'spent' : left < LOW_PERCENT ? 'low' : 'fine';
  return (
    <span className={`status ${toneOfBudget(left)}`}>
      <svg className="budget" role="img" aria-label={`${left.toFixed(1)} % left`} height="10">
        <rect width={`${Math.max(0, Math.min(100, left))}%`} height="10" />
      </svg>
      <span className="num">{left.toFixed(1)} %</span> {word}
    </span>
  );
}

const DAY_MS = 86_400_000;

/** Returns the time for which the system of an objective may be unhealthy in one window, in milliseconds. */
export const budgetMs = ({ target, windowDays }: Pick<Slo, 'target' | 'windowDays'>): number =>
  Math.round(((100 - target) / 100) * windowDays * DAY_MS);

/** Returns how much longer the system may be unhealthy in the window, e.g. `1 h 48 min of 7 h 12 min`. */
export function budgetTimeText(slo: Pick<Slo, 'target' | 'windowDays' | 'budgetRemainingPercent'>): string {
  const total = budgetMs(slo);
  return `${durationText((slo.budgetRemainingPercent / 100) * total)} of ${durationText(total)}`;
}
