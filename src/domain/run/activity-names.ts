import { kindOf } from '../definition/action-kind';
import type { PlanNode } from './plan';

/**
 * Names of activities in histories of the workflow type `automation`. A replay compares these names with the history,
 * so changing a name requires `patched`.
 */
export const ACTIVITY_NAMES = { claim: 'start', notes: 'notes', failure: 'run failed', finish: 'finish' } as const;

/** Returns the name of a step: its action, e.g. `incident.create`, or its kind, e.g. `wait_until`. */
export const nameOfStep = (node: PlanNode): string => (node.kind === 'action' ? node.action : node.kind);

/** Kinds of steps that need Temporal. A stretch ends before such a step. */
const PAUSES: readonly string[] = ['delay', 'wait_until', 'wait_for_trigger', 'parallel'];

const nameOf = (first: string, more: number): string => (more === 0 ? first : `${first} + ${more} more`);

/** Returns how many of these steps a stretch can carry out after its first step. */
function countInline<T>(steps: readonly T[], isPause: (step: T) => boolean): number {
  const end = steps.findIndex(isPause);
  return end < 0 ? steps.length : end;
}

/**
 * Returns the name of a stretch: its first step, and how many of the following steps in the same list it can carry out,
 * e.g. `incident.create + 2 more`.
 */
export function nameOfStretch(node: PlanNode, following: readonly PlanNode[]): string {
  if (PAUSES.includes(node.kind)) return node.kind;
  const isPause = (step: PlanNode) =>
    PAUSES.includes(step.kind) || (step.kind === 'action' && step.execution === 'long');
  return nameOf(nameOfStep(node), countInline(following, isPause));
}

/**
 * Returns the name of a run's first stretch. The name is derived from the definition, because the workflow receives the
 * plan only as a result of the first stretch. Returns undefined when there are no steps.
 */
export function nameOfFirstStretch(actions: readonly object[]): string | undefined {
  const names = actions.map((step) => ('action' in step ? String(step.action) : kindOf(step)));
  const [first, ...following] = names;
  if (first === undefined || PAUSES.includes(first)) return first;
  return nameOf(
    first,
    countInline(following, (name) => PAUSES.includes(name)),
  );
}
