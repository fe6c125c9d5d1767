import type { Definition } from '../definition/schema';
import type { ActionStep } from '../definition/action';

const TOKEN = /([A-Za-z_]+)(?:\[(\d+)\])?/g;

/**
 * The step at a place such as `actions[0].choose[1].sequence[2]`; repeat numbers (`repeat[3]`) are iterations and do
 * not choose among steps. undefined when the document has no such place.
 */
export function stepAt(definition: Pick<Definition, 'actions' | 'on_failure'>, path: string): ActionStep | undefined {
  let value: unknown = definition;
  for (const [, key = '', index] of path.matchAll(TOKEN)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
    if (index !== undefined && key !== 'repeat') {
      if (!Array.isArray(value)) return undefined;
      value = (value as unknown[])[Number(index)];
    }
  }
  return value as ActionStep | undefined;
}
