import type { components } from '../api/schema';

/** Returns the names of all events or entities that a wait waits for, joined by commas; empty for none. */
export function waitedFor({ events, refs }: Pick<components['schemas']['Wait'], 'events' | 'refs'>): string {
  return [...new Set(events.length > 0 ? events : refs)].join(', ');
}
