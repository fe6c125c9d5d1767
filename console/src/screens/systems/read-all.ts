import { allOf } from '../../api/all-of';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';

export type Health = components['schemas']['Health'];

/** Maximum number of systems to read. A map with more would be unreadable. */
const MAX_SYSTEMS = 600;
const MAX_DEPENDENCIES = 3_000;

/**
 * Reads the systems with their health, and all dependencies. With `q`, returns only matching systems and their direct
 * neighbours, but still returns all dependencies.
 */
export async function readCatalogue(q: string | undefined) {
  const [systems, dependencies] = await Promise.all([
    allOf(MAX_SYSTEMS, (query) => bodyOf(api.GET('/api/v1/systems', { params: { query } }))),
    allOf(MAX_DEPENDENCIES, (query) => bodyOf(api.GET('/api/v1/dependencies', { params: { query } }))),
  ]);
  const shown = withNeighbours(systems.items, dependencies.items, q);
  const health = await readHealth(shown.map(({ id }) => id));
  return { systems: shown, dependencies: dependencies.items, health, isWhole: systems.isWhole && dependencies.isWhole };
}

/**
 * Returns the systems whose id or name contains `q`, and the systems that a dependency directly connects to them.
 * Returns all systems if `q` is undefined.
 */
function withNeighbours<System extends { id: string; name: string }>(
  systems: readonly System[],
  dependencies: readonly { sourceSystemId: string; targetSystemId: string }[],
  q: string | undefined,
): System[] {
  if (q === undefined) return [...systems];
  const text = q.toLowerCase();
  const found = new Set(
    systems.filter(({ id, name }) => `${id}\n${name}`.toLowerCase().includes(text)).map(({ id }) => id),
  );
  const near = new Set(found);
  for (const { sourceSystemId, targetSystemId } of dependencies) {
    if (found.has(sourceSystemId)) near.add(targetSystemId);
    if (found.has(targetSystemId)) near.add(sourceSystemId);
  }
  return systems.filter(({ id }) => near.has(id));
}

/** Returns the health of systems by id. Reads up to 100 systems per request. */
export async function readHealth(ids: readonly string[]): Promise<ReadonlyMap<string, Health>> {
  const pages: string[][] = [];
  for (let at = 0; at < ids.length; at += 100) pages.push(ids.slice(at, at + 100));
  const answers = await Promise.all(
    pages.map((page) => bodyOf(api.GET('/api/v1/health', { params: { query: { systemIds: page.join(',') } } }))),
  );
  return new Map(answers.flatMap(({ items }) => items).map((health) => [health.systemId, health]));
}
