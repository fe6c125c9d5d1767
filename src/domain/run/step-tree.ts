/** In a path, matches a list of steps inside a step. */
const LIST = /\.(?:sequence|else|parallel)\[\d+\]/g;
/** In a path, matches an iteration of a loop. */
const ITERATION = /\.repeat\[(\d+)\]/g;

/** Returns the nesting depth of a step. */
export const depthOf = (path: string): number => path.match(LIST)?.length ?? 0;

/** Returns the iterations around a step, from the outermost to the innermost. */
export function iterationsOf(path: string): { loop: string; index: number }[] {
  return [...path.matchAll(ITERATION)].map((match) => ({ loop: path.slice(0, match.index), index: Number(match[1]) }));
}

/**
 * Compares paths by their order in the document: a step precedes the steps inside it, and iterations are ordered by
 * number.
 */
export function comparePaths(one: string, other: string): number {
  const [left, right] = [partsOf(one), partsOf(other)];
  for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
    const [a, b] = [left[index] as string | number, right[index] as string | number];
    if (a === b) continue;
    if (typeof a === 'number' && typeof b === 'number') return a - b;
    return String(a) < String(b) ? -1 : 1;
  }
  return left.length - right.length;
}

const partsOf = (path: string): (string | number)[] =>
  (path.match(/[a-z_]+|\d+/g) ?? []).map((part) => (/^\d/.test(part) ? Number(part) : part));
