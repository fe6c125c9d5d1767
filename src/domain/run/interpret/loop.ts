import type { RepeatNode } from '../plan';
import type { Context } from './kind';

/** How a loop ended. Stored as the result of its row. */
export interface LoopResult {
  iterations: number;
  warning?: string;
  /** Why the driver ended the loop early. */
  cut?: string;
  error?: string;
}

/** A loop in progress. */
export interface Loop {
  context: Context;
  node: RepeatNode;
  path: string;
  /** Number of iterations; undefined when each iteration decides whether the loop continues. */
  total: number | undefined;
  items: readonly unknown[] | undefined;
  /** Number of iterations after which the driver ends the loop. */
  most: number;
}

/** Returns the maximum number of iterations of a loop. A `while` or `until` may end earlier. */
export function endOf({ node, total, most }: Loop): number {
  return Math.min(total ?? Infinity, node.maxIterations, most);
}

/**
 * Returns the result of a loop that reached its end. `cut` is set if the driver ended the loop early. `warning` is set
 * if the loop reached `max_iterations`.
 */
export function resultAtEnd(end: number, { node, total, most }: Loop): LoopResult {
  if (end === most && end < Math.min(total ?? Infinity, node.maxIterations)) {
    return { iterations: end, cut: `only the first ${most} iterations are shown` };
  }
  if (total !== undefined && total <= node.maxIterations) return { iterations: end };
  return { iterations: end, warning: `Ended at max_iterations (${node.maxIterations}).` };
}

/** Returns the value of `repeat` in the scope of an iteration. */
export function scopeOf({ total, items }: Loop, index: number): Record<string, unknown> {
  return {
    index,
    first: index === 0,
    ...(total === undefined ? {} : { last: index === total - 1 }),
    ...(items === undefined ? {} : { item: items[index] }),
  };
}

/** Returns the path of an iteration, e.g. `actions[0].repeat[3]`. */
export const iterationAt = (path: string, index: number): string => `${path}.repeat[${index}]`;

/** Returns the key under which the number of iterations that have begun is stored. */
export const begunAt = (path: string): string => `${path}.begun`;
