import type { Definition } from '../definition/schema';
import { prefixesOf } from './path';
import { stepAt } from './step-at';

/**
 * Returns a function that tests whether the failure of a step was ignored because the step or an enclosing step has
 * `continue_on_error`. A retry from the failed step does not repeat such steps.
 */
export function settledFailures(definition: Pick<Definition, 'actions' | 'on_failure'>): (path: string) => boolean {
  return (path) => prefixesOf(path).some((prefix) => continues(definition, prefix));
}

/**
 * Returns whether the step at a path has `continue_on_error`. Prefixes such as `actions[0].choose[1]` are branches,
 * which do not have this key.
 */
function continues(definition: Pick<Definition, 'actions' | 'on_failure'>, path: string): boolean {
  const step: { continue_on_error?: unknown } | undefined = stepAt(definition, path);
  return step?.continue_on_error === true;
}
