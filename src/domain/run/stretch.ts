import type { ActionNode, PlanNode } from './plan';

/** Most steps that one stretch has; a longer row of them is several. */
const LONGEST = 50;

/**
 * Consecutive steps of one list that a single local activity performs one after another: each costs a fifth of what it
 * costs as an activity of its own.
 */
export interface Stretch {
  /** Place of the list, e.g. `actions`. */
  prefix: string;
  /** Index of its first step in the list. */
  from: number;
  count: number;
  /** With its last step the run is at its end. */
  last: boolean;
}

/** The stretch that begins at a step: provider actions that are ours or short. Empty when the step is none of these. `most` = 1 for the branches of a `parallel`. */
export function stretchAt(steps: readonly PlanNode[], prefix: string, from: number, most = LONGEST): Stretch {
  let end = from;
  while (end < steps.length && end - from < most && isPlain(steps[end])) end += 1;
  return { prefix, from, count: end - from, last: prefix === 'actions' && end === steps.length };
}

/** The stretch behind a step, which may be no more than the end of the run; null = there is neither. */
export function stretchBehind(steps: readonly PlanNode[], prefix: string, index: number): Stretch | null {
  const stretch = stretchAt(steps, prefix, index + 1);
  return stretch.count > 0 || stretch.last ? stretch : null;
}

/** Places of the steps of a stretch, in order. */
export function pathsOf({ prefix, from, count }: Stretch): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}[${from + index}]`);
}

function isPlain(node: PlanNode | undefined): node is ActionNode {
  return node?.kind === 'action' && node.execution !== 'long' && node.enabled !== false;
}
