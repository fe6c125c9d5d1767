import type { RepeatAction } from '../definition/action';
import type { Definition } from '../definition/schema';
import { prefixesOf } from './path';
import { stepAt } from './step-at';

type Steps = Pick<Definition, 'actions' | 'on_failure'>;
type Loop = RepeatAction['repeat'];

const ITERATION = /\.repeat\[\d+\]$/;
const BRANCH = /\.parallel\[\d+\]$/;

/** Returns the loop of an iteration such as `actions[0].repeat[3]`, or undefined when the path is not an iteration. */
export function loopAt(definition: Steps, place: string): Loop | undefined {
  return ITERATION.test(place) ? (stepAt(definition, place) as unknown as Loop | undefined) : undefined;
}

/**
 * Returns the paths of the lanes around a step, e.g. `actions[0].repeat[3]`, from the outermost to the innermost. A
 * lane is an iteration of a loop with `parallel`, which does not see the artifacts of concurrent iterations.
 */
export function lanesAround(definition: Steps, path: string): string[] {
  if (!path.includes('.repeat[')) return [];
  return prefixesOf(path).filter((place) => isParallel(loopAt(definition, place)));
}

/** Returns whether other steps of the run may run concurrently with the step at a path. */
export const isInBranch = (definition: Steps, path: string): boolean =>
  path.includes('.parallel[') || lanesAround(definition, path).length > 0;

/**
 * Returns the paths of the branches of `parallel` steps and of the lanes around a step, from the outermost to the
 * innermost. Steps in their siblings run concurrently with the step.
 */
export function branchesAround(definition: Steps, path: string): string[] {
  const lanes = lanesAround(definition, path);
  return prefixesOf(path).filter((place) => BRANCH.test(place) || lanes.includes(place));
}

/** Returns whether a path is inside another iteration of a lane's loop. */
export function isBeside(lane: string, path: string): boolean {
  return path.startsWith(loopOf(lane)) && path !== lane && !path.startsWith(`${lane}.`);
}

/** Returns the prefix of the paths of a lane and its siblings, or of a branch and its siblings. */
export const loopOf = (lane: string): string => lane.replace(/\d+\]$/, '');

/**
 * Returns the filter that selects the artifacts of the run that the step at a path can read. `lanes` are the lanes
 * around the step; artifacts of their sibling iterations are excluded. `byItem` is true if the document has a loop with
 * `parallel`.
 */
export function artifactView(definition: Steps, path: string): { lanes: string[]; byItem: boolean } {
  return { lanes: lanesAround(definition, path), byItem: hasLanes(definition) };
}

const known = new WeakMap<object, boolean>();

/** Returns whether a document has a loop with `parallel`. */
export function hasLanes(definition: Steps): boolean {
  const before = known.get(definition);
  if (before !== undefined) return before;
  const found = holdsLoop([definition.actions, definition.on_failure]);
  known.set(definition, found);
  return found;
}

function holdsLoop(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return ('for_each' in value && 'parallel' in value) || Object.values(value).some(holdsLoop);
}

const isParallel = (loop: Loop | undefined): boolean =>
  loop !== undefined && 'for_each' in loop && loop.parallel !== undefined;

/** Returns the numbers of the iterations around a path, from the outermost to the innermost. */
export function iterationsOf(path: string): number[] {
  return [...path.matchAll(/\.repeat\[(\d+)\]/g)].map(([, index]) => Number(index));
}
