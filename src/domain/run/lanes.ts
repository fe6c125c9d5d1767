import type { RepeatAction } from '../definition/action';
import type { Definition } from '../definition/schema';
import { inSiblingBranches, prefixesOf } from './path';
import { stepAt } from './step-at';

type Steps = Pick<Definition, 'actions' | 'on_failure'>;
type Loop = RepeatAction['repeat'];

const ITERATION = /\.repeat\[\d+\]$/;

/** The loop that an iteration such as `actions[0].repeat[3]` belongs to; undefined when the place is none. */
export function loopAt(definition: Steps, place: string): Loop | undefined {
  return ITERATION.test(place) ? (stepAt(definition, place) as unknown as Loop | undefined) : undefined;
}

/**
 * A lane is an iteration of a loop with `parallel`: it does not see what the iterations beside it make. Returns the places
 * of the lanes around a step, outermost first, e.g. `actions[0].repeat[3]`.
 */
export function lanesAround(definition: Steps, path: string): string[] {
  if (!path.includes('.repeat[')) return [];
  return prefixesOf(path).filter((place) => isParallel(loopAt(definition, place)));
}

/** Whether other steps of the run may run beside the one at a path. */
export const isInBranch = (definition: Steps, path: string): boolean =>
  path.includes('.parallel[') || lanesAround(definition, path).length > 0;

/** Whether two places are in different branches of one `parallel`, or in different iterations of one loop with `parallel`. */
export function runBeside(definition: Steps, one: string, other: string): boolean {
  return inSiblingBranches(one, other) || lanesAround(definition, one).some((lane) => isBeside(lane, other));
}

/** Whether a place lies in another iteration of the loop of a lane. */
export function isBeside(lane: string, path: string): boolean {
  return path.startsWith(loopOf(lane)) && path !== lane && !path.startsWith(`${lane}.`);
}

/** What the paths of all iterations of a lane's loop begin with. */
export const loopOf = (lane: string): string => lane.replace(/\d+\]$/, '');

/** Which artifacts of its run the step at a path sees: those of iterations beside its own are left out. */
export function artifactView(definition: Steps, path: string): { lanes: string[]; byItem: boolean } {
  return { lanes: lanesAround(definition, path), byItem: hasLanes(definition) };
}

const known = new WeakMap<object, boolean>();

/** Whether a document has a loop with `parallel`. */
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

/** Numbers of the iterations that a path lies in, outermost first. */
export function iterationsOf(path: string): number[] {
  return [...path.matchAll(/\.repeat\[(\d+)\]/g)].map(([, index]) => Number(index));
}
