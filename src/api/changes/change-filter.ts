import type { ChangeFilter, ChangeSource, LoggedChange } from '../../db/change-queries';
import { kindsInLog, sourcesOfKind } from '../../db/change-queries';
import { entitiesOfSystem } from '../../db/entities-of-system';
import type { Executor } from '../../db/executor';
import { normalizeEvent, type Registry } from '../../domain/registry/registry';
import { CUSTOM_EVENT, customTypeOf, eventsOf } from './change-answer';

/** The query parameters of a list of changes. */
export interface ChangeQuery {
  kind?: string | undefined;
  entity?: string | undefined;
  event?: string | undefined;
  system?: string | undefined;
}

/** The log sources to read, and a filter for their rows. */
export interface ResolvedFilter {
  filter: Pick<ChangeFilter, 'entities' | 'sources'>;
  accepts?: (logged: LoggedChange) => boolean;
}

const ENTITY_CHANGED = 'automation.entity_changed';

/**
 * Converts query parameters to index reads. Derived events and types of custom events are not indexed, so `accepts`
 * checks them on each row.
 */
export async function resolveFilter(db: Executor, registry: Registry, query: ChangeQuery): Promise<ResolvedFilter> {
  const { kind, entity, event, system } = query;
  const accepts = event === undefined ? undefined : acceptsEvent(registry, event);
  const more = accepts && { accepts };
  if (entity !== undefined || system !== undefined) {
    const ids = system === undefined ? [entity] : await entitiesOfSystem(db, system, entity);
    return { filter: { entities: ids.flatMap((id) => (id === undefined ? [] : [{ id, kind }])) }, ...more };
  }
  if (event !== undefined) {
    const kinds = kind === undefined ? await kindsInLog(db) : [kind];
    return { filter: { sources: sourcesOf(registry, kinds, event) }, ...more };
  }
  return { filter: kind === undefined ? {} : { sources: await sourcesOfKind(db, kind) } };
}

/**
 * Returns the log sources that can contain an event: rows with the event itself, rows with the event that it is derived
 * from, and state changes of the kinds that it is derived from.
 */
function sourcesOf(registry: Registry, kinds: readonly string[], event: string): ChangeSource[] {
  const type = registry.trigger(event);
  if (type === undefined) {
    return kinds.flatMap((kind) => [event, CUSTOM_EVENT].map((each) => ({ kind, event: each })));
  }
  const id = normalizeEvent(event);
  const derivable = id === ENTITY_CHANGED ? new Set(kinds) : registry.kindsDeriving(id);
  return kinds.flatMap((kind) => [
    { kind, event: id },
    ...(type.source === undefined ? [] : [{ kind, event: type.source }]),
    ...(derivable.has(kind) ? [{ kind, event: null }] : []),
  ]);
}

function acceptsEvent(registry: Registry, event: string): (logged: LoggedChange) => boolean {
  const id = normalizeEvent(event);
  const source = registry.trigger(event)?.source;
  return ({ change }) => {
    if (change.shape === 'entity') return id === ENTITY_CHANGED || eventsOf(change, registry).includes(id);
    if (change.event === event || change.event === id || change.event === source) return true;
    return customTypeOf(change) === event;
  };
}
