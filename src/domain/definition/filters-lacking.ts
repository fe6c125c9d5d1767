import type { FilterRegistry } from '../expressions/filter-registry';
import { codeFields } from '../registry/schema-marks';
import type { Registry } from '../registry/registry';
import { unknownFilters } from './unknown-filters';

const NONE: ReadonlySet<string> = new Set();

/** Names the filters of a definition, or of a part of one, that this process does not have. */
export type FiltersLacking = (definition: object) => readonly string[];

/** Names the filters of a definition that a process does not have; remembers the answer as long as the definition lives. */
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
