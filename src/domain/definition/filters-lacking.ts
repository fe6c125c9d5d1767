import { standardFilters, type FilterRegistry } from '../expressions/filter-registry';
import { codeFields } from '../registry/schema-marks';
import { normalizeEvent, type Registry } from '../registry/registry';
import { isMap } from './plain-map';
import { unknownFilters } from './unknown-filters';
import { eventsOfWait, walkDocument } from './walk';

const NONE: ReadonlySet<string> = new Set();

/** The plugin filters that a definition, or a part of a definition, uses. Both lists are sorted. */
export interface PluginFilters {
  /** Filters that this process has. */
  own: readonly string[];
  /** Filters that this process does not have. */
  lacking: readonly string[];
}

/** Returns the names of the filters in a definition, or in a part of a definition, that this process does not have. */
export type FiltersLacking = (definition: object) => readonly string[];

/**
 * Creates a function that returns the filters in a definition that are not built in. Results are cached as long as the
 * definition exists.
 */
export function createPluginFiltersOf(
  filters: FilterRegistry,
  registry: Registry,
): (definition: object) => PluginFilters {
  const codeOf = (action: string): ReadonlySet<string> => {
    const type = registry.action(action);
    return type ? codeFields(type.configSchema) : NONE;
  };
  const known = new WeakMap<object, PluginFilters>();
  return (definition) => {
    const before = known.get(definition);
    if (before) return before;
    const used = unknownFilters({ ...definition }, (name) => standardFilters.get(name) !== undefined, codeOf);
    const isOwn = (name: string): boolean => filters.get(name) !== undefined;
    const found = { own: used.filter(isOwn), lacking: used.filter((name) => !isOwn(name)) };
    known.set(definition, found);
    return found;
  };
}

/**
 * Creates a function that returns the filters in a definition that this process does not have. Results are cached in
 * the same way.
 */
export function createFiltersLacking(filters: FilterRegistry, registry: Registry): FiltersLacking {
  const filtersOf = createPluginFiltersOf(filters, registry);
  return (definition) => filtersOf(definition).lacking;
}

/**
 * Creates a function that returns a sorted list of the awaited events whose trigger types this process does not have.
 * Results are cached as long as the definition exists.
 */
export function createTriggersLacking(registry: Registry): (definition: object) => readonly string[] {
  const known = new WeakMap<object, readonly string[]>();
  return (definition) => {
    const before = known.get(definition);
    if (before) return before;
    const lacking = awaitedEventsIn({ ...definition }).filter((event) => registry.trigger(event) === undefined);
    known.set(definition, lacking);
    return lacking;
  };
}

/** Returns a sorted list of the events that the waits of a definition await. */
export function awaitedEventsIn(definition: Readonly<Record<string, unknown>>): string[] {
  const found = new Set<string>();
  walkDocument(definition, {
    step({ step: { wait_for_trigger: wait }, path }) {
      if (!isMap(wait)) return;
      for (const [{ event }] of eventsOfWait(wait, path)) if (typeof event === 'string') found.add(event);
    },
  });
  return [...found].map(normalizeEvent).sort();
}
