import type { Definition } from '../definition/schema';
import { stepAt } from './step-at';

/**
 * Tells of a failed step whether its failure was swallowed: its own `continue_on_error`, or that of a step around it. A
 * retry from the failed step leaves such steps as they are.
 */
export function settledFailures(definition: Pick<Definition, 'actions' | 'on_failure'>): (path: string) => boolean {
  return (path) => {
    const parts = path.split('.');
    return parts.some((_, index) => continues(definition, parts.slice(0, index + 1).join('.')));
  };
}

/** Prefixes such as `actions[0].choose[1]` name a branch, which has no such key. */
function continues(definition: Pick<Definition, 'actions' | 'on_failure'>, path: string): boolean {
  const step: { continue_on_error?: unknown } | undefined = stepAt(definition, path);
  return step?.continue_on_error === true;
}
