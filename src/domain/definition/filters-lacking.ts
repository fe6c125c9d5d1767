import type { FilterRegistry } from '../expressions/filter-registry';
import { codeFields } from '../registry/schema-marks';
import type { Registry } from '../registry/registry';
import { unknownFilters } from './unknown-filters';

const NONE: ReadonlySet<string> = new Set();

/** Returns the names of the filters in a definition, or in a part of a definition, that this process does not have. */
export type FiltersLacking = (definition: object) => readonly string[];

/**
 * Creates a function that returns the filters of a definition that this process does not have. Results are cached as
 * long as the definition exists.
 */
export function createFiltersLacking(filters: FilterRegistry, registry: Registry): FiltersLacking {
  const codeOf = (action: string): ReadonlySet<string> => {
    const type = registry.action(action);
    return type ? codeFields(type.configSchema) : NONE;
  };
  const known = new WeakMap<object, readonly string[]>();
  return (definition) => {
    const before = known.get(definition);
    if (before) return before;
    const lacking = unknownFilters({ ...definition }, (name) => filters.get(name) !== undefined, codeOf);
    known.set(definition, lacking);
    return lacking;
  };
}
