/** A period in which nothing started or ended. Every fold is drawn with the same width. */
export interface Fold {
  /** Position of the middle of the fold on the axis, from 0 to 1. */
  at: number;
  ms: number;
}

/** Maps instants to positions on a horizontal axis. */
export interface TimeAxis {
  /** Returns the position of an instant (ms since the epoch) on the axis, from 0 to 1. */
  place(at: number): number;
  folds: readonly Fold[];
}

/** Minimum length of a fold. */
const SHORTEST_FOLD_MS = 5_000;
/** Width of a fold, as a fraction of the axis. */
const FOLD_WIDTH = 0.1;
const MAX_FOLDS = 5;

/**
 * Returns an axis from `from` to `to` (ms since the epoch). Folds the longest gaps between neighbouring instants: the
 * fewest that together cover at least two thirds of the time, at most five, each at least 5 s long. Folds nothing if
 * there are no such gaps.
 */
export function timeAxis(instants: readonly number[], from: number, to: number): TimeAxis {
  const marks = [...new Set([from, ...instants.filter((at) => at > from && at < to), to])].sort((a, b) => a - b);
  const lengths = marks.slice(1).map((mark, index) => mark - (marks[index] ?? mark));
  const folded = foldedOf(lengths);
  const shown = lengths.reduce((sum, length, index) => sum + (folded.has(index) ? 0 : length), 0);
  const scale = (1 - FOLD_WIDTH * folded.size) / Math.max(1, shown);
  const places = [0];
  for (const [index, length] of lengths.entries())
    places.push((places[index] ?? 0) + (folded.has(index) ? FOLD_WIDTH : length * scale));
  const place = (at: number): number => {
    const next = firstAbove(marks, at);
    if (next === 0) return 0;
    if (next === marks.length) return Math.min(1, places.at(-1) ?? 1);
    const [before = 0, after = 1] = [marks[next - 1], marks[next]];
    const [left = 0, right = 1] = [places[next - 1], places[next]];
    return left + ((at - before) / (after - before)) * (right - left);
  };
  const folds = [...folded].map((index) => ({
    at: (places[index] ?? 0) + FOLD_WIDTH / 2,
    ms: lengths[index] ?? 0,
  }));
  return { place, folds: folds.sort((a, b) => a.at - b.at) };
}

/** Returns the indexes of the gaps to fold, at most five. Returns an empty set when folding would save too little. */
function foldedOf(lengths: readonly number[]): Set<number> {
  const longest = lengths
    .map((length, index) => ({ length, index }))
    .filter(({ length }) => length >= SHORTEST_FOLD_MS)
    .sort((a, b) => b.length - a.length)
    .slice(0, MAX_FOLDS);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  let sum = 0;
  for (const [count, { length }] of longest.entries()) {
    sum += length;
    // Folding gives the other gaps more room. If the longest gaps fill the whole axis, there are no others.
    if (sum < total && sum >= 2 * (total - sum)) return new Set(longest.slice(0, count + 1).map(({ index }) => index));
  }
  return new Set();
}

/** Returns the index of the first mark after an instant. */
function firstAbove(marks: readonly number[], at: number): number {
  let [low, high] = [0, marks.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((marks[middle] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
