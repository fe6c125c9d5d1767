import type { FilterRegistry } from '../expressions/filter-registry';
import { codeFields } from '../registry/schema-marks';
import { normalizeEvent, type Registry } from '../registry/registry';
import { isMap } from './plain-map';
import { unknownFilters } from './unknown-filters';
import { eventsOfWait, walkDocument } from './walk';

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

/**
 * Creates a function that returns the awaited events whose types this process does not have, sorted. Results are cached
 * as long as the definition exists.
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

/** Returns the events that the waits of a definition await, sorted. */
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
