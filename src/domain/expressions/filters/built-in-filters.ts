import type { FilterDefinition } from './filter';
import { listFilters } from './list-filters';
import { textFilters } from './text-filters';
import { timeFilters } from './time-filters';
import { valueFilters } from './value-filters';

/** The built-in filters, by name. */
export const builtInFilters: ReadonlyMap<string, FilterDefinition> = new Map<string, FilterDefinition>(
  Object.entries({ ...valueFilters, ...textFilters, ...listFilters, ...timeFilters }),
);
