import { createFilterRegistry, type FilterRegistry } from '../expressions/filter-registry';
import type { PluginDescription } from './registry';

/**
 * Creates the filters of a process: the built-in filters, then those of the plugins in the given order. A filter whose
 * name is already used or not valid is skipped and reported through `warn`.
 */
export function createPluginFilters(
  plugins: readonly Pick<PluginDescription, 'filters'>[],
  warn: (message: string) => void,
): FilterRegistry {
  const registry = createFilterRegistry(warn);
  for (const { filters = {} } of plugins) {
    for (const [name, { apply, description }] of Object.entries(filters)) {
      registry.registerFilter(name, apply, description);
    }
  }
  return registry;
}
