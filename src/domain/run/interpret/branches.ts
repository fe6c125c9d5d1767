import { variablesProblem } from '../limits';
import type { PlanNode } from '../plan';
import type { RunError } from '../step-record';
import { cancelBelow } from './around';
import type { BranchEnd, Steps } from './command';
import type { Context } from './kind';
import { RunEnded } from './outcome';

/**
 * Returns the failure of a step whose merged variables exceed the limit of a run, or undefined. The merged variables
 * may be too large even if the variables of each branch are within the limit.
 */
export function tooLarge(variables: Record<string, unknown>, { id }: PlanNode, path: string): RunError | undefined {
  const message = variablesProblem(variables);
  return message === undefined
    ? undefined
    : { code: 'limit_exceeded', message, path, ...(id === null ? {} : { actionId: id }) };
}

/**
 * Throws the error that ended the run in one of the branches below `path`, if there is one. If a `stop` or a false
 * `condition` ended the run, the open steps below `path` are first recorded as cancelled.
 */
export function* throwUnwound(context: Context, path: string, ends: readonly BranchEnd[]): Steps {
  const unwound = ends.find((end) => end.type === 'unwound');
  if (!unwound) return;
  // An enclosing loop may continue, so steps that were cancelled here must not stay open.
  if (unwound.by instanceof RunEnded) yield* cancelBelow(context, path);
  throw unwound.by;
}
