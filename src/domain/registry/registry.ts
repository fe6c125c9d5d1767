import type { ChangeDeriver, Deriver, EntityKind, PayloadMapper } from '../entities/entity-kind';
import type { FilterDefinition } from '../expressions/filters/filter';
import { nearest } from '../expressions/nearest';
import { canonicalActionId } from './action-aliases';
import type { ActionDescription } from './action-description';
import type { EntityListener } from './entity-listener';
import type { TriggerType } from './trigger-type';

/** Everything that a plugin registers. External plugins use the same type. */
export interface PluginDescription<A extends ActionDescription = ActionDescription> {
  /** The first segment of every qualified id of the plugin. */
  id: string;
  triggers?: readonly TriggerType[];
  actions?: readonly A[];
  entityKinds?: readonly EntityKind[];
  /** Functions that derive events from entity changes, in addition to the events that the entity kinds derive. */
  derivers?: readonly ChangeDeriver[];
  /** Payload mappers for `automation.entity_changed`, by kind. Only for kinds without `toPayload`. */
  payloadMappers?: Readonly<Record<string, PayloadMapper>>;
  /** Code that receives state changes. */
  listeners?: readonly EntityListener[];
  /** Filters for expressions, by name. They must be synchronous and without side effects. */
  filters?: Readonly<Record<string, FilterDefinition>>;
}

export interface ArtifactType extends NonNullable<ActionDescription['produces']> {
  /** Qualified id, in the form `<plugin>.<name>`. */
  id: string;
}

/** Everything that plugins have registered, by qualified id. */
export interface Registry<A extends ActionDescription = ActionDescription> {
  trigger(event: string): TriggerType | undefined;
  action(id: string): A | undefined;
  entityKind(kind: string): EntityKind | undefined;
  triggers(): ReadonlyMap<string, TriggerType>;
  actions(): ReadonlyMap<string, A>;
  artifactTypes(): ReadonlyMap<string, ArtifactType>;
  entityKinds(): ReadonlyMap<string, EntityKind>;
  /** Returns the type of the artifact that an action produces, or undefined. */
  artifactTypeOf(actionId: string): ArtifactType | undefined;
  /** Returns the triggers that are derived from an event (`TriggerType.source`). */
  readersOf(event: string): readonly string[];
  /** Returns the most similar known event for "did you mean", or undefined when no event is similar. */
  nearestTrigger(event: string): string | undefined;
  nearestAction(id: string): string | undefined;
  /** Returns the functions that derive events from a kind's changes, in addition to `automation.entity_changed`. */
  derivers(kind: string): readonly Deriver[];
  /**
   * Returns the kinds whose changes may cause an event: the kinds of the event's plugin, and the kinds for which that
   * plugin has derivers.
   */
  kindsDeriving(event: string): ReadonlySet<string>;
  /**
   * Returns the payload mapper for `automation.entity_changed`; undefined = the payload has only the generic fields.
   */
  payloadMapper(kind: string): PayloadMapper | undefined;
  listeners(): readonly EntityListener[];
}

/**
 * Normalizes an event: `healthcheck.system.degraded` → `healthcheck.system_degraded`. Dots inside the name are read as
 * `_`.
 */
export function normalizeEvent(event: string): string {
  const dot = event.indexOf('.');
  return dot < 0 ? event : `${event.slice(0, dot)}.${event.slice(dot + 1).replaceAll('.', '_')}`;
}

/**
 * Creates the registry. Throws for duplicates, for derivers and mappers of unknown kinds, and for kinds whose states
 * are not objects, so that these mistakes are found at start-up.
 */
export function createRegistry<A extends ActionDescription>(plugins: readonly PluginDescription<A>[]): Registry<A> {
  const triggers = new Map<string, TriggerType>();
  const actions = new Map<string, A>();
  const artifactTypes = new Map<string, ArtifactType>();
  const artifactOfAction = new Map<string, ArtifactType>();
  const kinds = new Map<string, EntityKind>();
  const add = <T>(map: Map<string, T>, id: string, value: T, what: string) => {
    if (map.has(id)) throw new Error(`${what} "${id}" is registered twice`);
    map.set(id, value);
  };
  const ids = new Map<string, PluginDescription<A>>();
  for (const plugin of plugins) {
    add(ids, plugin.id, plugin, 'Plugin');
    for (const trigger of plugin.triggers ?? []) add(triggers, `${plugin.id}.${trigger.id}`, trigger, 'Trigger');
    for (const kind of plugin.entityKinds ?? []) {
      assertObject(kind);
      add(kinds, kind.kind, kind, 'Entity kind');
    }
    for (const action of plugin.actions ?? []) {
      const id = `${plugin.id}.${action.id}`;
      add(actions, id, action, 'Action');
      if (!action.produces) continue;
      const type = { id: `${plugin.id}.${action.produces.name}`, ...action.produces };
      if (!artifactTypes.has(type.id)) artifactTypes.set(type.id, type);
      artifactOfAction.set(id, type);
    }
  }
  const readers = new Map<string, string[]>();
  for (const [id, { source }] of triggers) {
    if (source !== undefined) readers.set(source, [...(readers.get(source) ?? []), id]);
  }
  const derivers = deriversOf(plugins, kinds);
  const mappers = mappersOf(plugins, kinds);
  const listeners = plugins.flatMap((plugin) => plugin.listeners ?? []);
  return {
    trigger: (event) => triggers.get(normalizeEvent(event)),
    action: (id) => actions.get(canonicalActionId(id)),
    entityKind: (kind) => kinds.get(kind),
    triggers: () => triggers,
    actions: () => actions,
    artifactTypes: () => artifactTypes,
    entityKinds: () => kinds,
    artifactTypeOf: (id) => artifactOfAction.get(canonicalActionId(id)),
    readersOf: (event) => readers.get(event) ?? [],
    nearestTrigger: (event) => nearest(event, [...triggers.keys()]),
    nearestAction: (id) => nearest(id, [...actions.keys()]),
    derivers: (kind) => derivers.get(kind) ?? [],
    kindsDeriving: (event) => {
      const plugin = plugins.find(({ id }) => event.startsWith(`${id}.`));
      return new Set([...(plugin?.entityKinds ?? []), ...(plugin?.derivers ?? [])].map(({ kind }) => kind));
    },
    payloadMapper: (kind) => mappers.get(kind),
    listeners: () => listeners,
  };
}

function assertObject({ kind, schema }: EntityKind): void {
  const { def } = schema as { def?: { type?: unknown } };
  if (def?.type !== 'object') throw new Error(`The state of entity kind "${kind}" is not an object`);
}

type Kinds = ReadonlyMap<string, EntityKind>;

function deriversOf(
  plugins: readonly Pick<PluginDescription, 'derivers' | 'payloadMappers'>[],
  kinds: Kinds,
): Map<string, Deriver[]> {
  const derivers = new Map<string, Deriver[]>();
  const own = [...kinds.values()].flatMap(({ kind, derive }) => (derive === undefined ? [] : [{ kind, derive }]));
  for (const { kind, derive } of [...own, ...plugins.flatMap((plugin) => plugin.derivers ?? [])]) {
    if (!kinds.has(kind)) throw new Error(`A deriver refers to the unknown entity kind "${kind}"`);
    derivers.set(kind, [...(derivers.get(kind) ?? []), derive]);
  }
  return derivers;
}

function mappersOf(
  plugins: readonly Pick<PluginDescription, 'derivers' | 'payloadMappers'>[],
  kinds: Kinds,
): Map<string, PayloadMapper> {
  const mappers = new Map<string, PayloadMapper>();
  for (const { kind, toPayload } of kinds.values()) if (toPayload !== undefined) mappers.set(kind, toPayload);
  for (const [kind, mapper] of plugins.flatMap(({ payloadMappers = {} }) => Object.entries(payloadMappers))) {
    if (!kinds.has(kind)) throw new Error(`A payload mapper refers to the unknown entity kind "${kind}"`);
    if ((mappers.get(kind) ?? mapper) !== mapper) throw new Error(`Entity kind "${kind}" has two payload mappers`);
    mappers.set(kind, mapper);
  }
  return mappers;
}
