import type { Change } from './change';

/** Maximum number of source changes that are recorded with a derived change. */
const MAX_SOURCES = 20;

/**
 * Returns the context of a change that the same write derives from other changes, e.g. the health of a system from
 * alerts, or its impact on other systems from its health. The context contains the ids of the first 20 source changes.
 * It is empty if there are no sources.
 */
export function derivedFrom(sources: readonly string[]): { derivedFrom?: string[] } {
  return sources.length === 0 ? {} : { derivedFrom: sources.slice(0, MAX_SOURCES) };
}

/** Returns the ids of the changes from which a change was derived in the same write. */
export function sourcesOf(change: Change): string[] {
  const ids = change.context?.['derivedFrom'];
  return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : [];
}
