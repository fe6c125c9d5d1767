import type { components } from '../api/schema';

/**
 * Returns the names of the events or entities that a wait waits for, joined by commas. Returns an empty string if there
 * are none.
 */
export function waitedFor({ events, refs }: Pick<components['schemas']['Wait'], 'events' | 'refs'>): string {
  return [...new Set(events.length > 0 ? events : refs)].join(', ');
}
