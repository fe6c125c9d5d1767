import type { NumericStateCondition } from '../definition/condition';
import { numericValue } from '../expressions/numeric';
import { fails, HOLDS, type Verdict } from './verdict';

/** Strict bounds; null, missing or other text never matches and is no error. `value` is already evaluated. */
export function numericStateHolds(bounds: NumericStateCondition['numeric_state'], value: unknown): Verdict {
  const number = numericValue(value);
  const { above, below } = bounds;
  if (number === undefined) return fails('numeric_state: the value is not a number');
  if (above !== undefined && !(number > above)) return fails(`numeric_state: ${number} is not above ${above}`);
  if (below !== undefined && !(number < below)) return fails(`numeric_state: ${number} is not below ${below}`);
  return HOLDS;
}
