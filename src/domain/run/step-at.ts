import type { Definition } from '../definition/schema';
import type { ActionStep } from '../definition/action';
import { parsePath } from './path';

/**
 * Returns the step at a path such as `actions[0].choose[1].sequence[2]`, or undefined when the document has no such
 * step. Numbers after `repeat` are iterations and do not select a step.
 */
export function stepAt(definition: Pick<Definition, 'actions' | 'on_failure'>, path: string): ActionStep | undefined {
  let value: unknown = definition;
  for (const { key, index } of parsePath(path) ?? [{ key: '', index: null }]) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
    if (index !== null && key !== 'repeat') {
      if (!Array.isArray(value)) return undefined;
      value = (value as unknown[])[index];
    }
  }
  return value as ActionStep | undefined;
}
