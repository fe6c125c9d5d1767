import { z } from 'zod';
import type { JsonSchema } from '../definition/scope-schemas';
import type { ActionDescription } from './action-description';
import { createRegistry, type PluginDescription, type Registry } from './registry';
import type { TriggerType } from './trigger-type';

/** A trigger as described by `GET /triggers`. */
interface DescribedTrigger {
  id: string;
  displayName: string;
  description: string;
  category: string;
  configSchema: JsonSchema | null;
  /** `per automation` means that the trigger has no context key. */
  contextKeyLabel: string;
  supportsFor: boolean;
}

/** An action as described by `GET /actions`. */
interface DescribedAction {
  id: string;
  displayName: string;
  description: string;
  configSchema: JsonSchema;
  produces: { name: string; schema: JsonSchema } | null;
  consumes: string | null;
  connection: string | null;
  /** Field of the config that names a connection; null = none. */
  connectionField: string | null;
}

/** The responses of the registry endpoints. */
export interface DescribedPlugins {
  triggers: readonly DescribedTrigger[];
  actions: readonly DescribedAction[];
  /** Names of built-in entity kinds. */
  kinds: readonly string[];
}

/**
 * Keywords to remove: patterns and formats, which only the API checks, and names, which must be unique within a
 * process.
 */
const DROPPED = new Set(['pattern', 'format', 'id', '$id', '$schema', 'title', 'propertyNames', 'contentEncoding']);

/**
 * Returns a JSON Schema without the keywords that only the API checks. All names in `properties` and `$defs` are kept.
 */
function portable(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(portable);
  if (typeof schema !== 'object' || schema === null) return schema;
  const kept = Object.entries(schema).filter(([key]) => !DROPPED.has(key));
  return Object.fromEntries(
    kept.map(([key, value]: [string, unknown]) => {
      if (key === 'default' || key === 'enum' || key === 'const') return [key, value];
      // A union reports the errors of the closest alternative, which "exactly one of" cannot do.
      if (key === 'oneOf') return ['anyOf', portable(value)];
      return [key, key === 'properties' || key === '$defs' ? ofEach(value) : portable(value)];
    }),
  );
}

function ofEach(map: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(map as Record<string, unknown>).map(([name, each]) => [name, portable(each)]),
  );
}

/**
 * Converts a JSON Schema to a schema that performs the same checks. Where this is not possible, the result accepts
 * anything.
 */
function schemaOf(json: JsonSchema): z.ZodType {
  try {
    return z.fromJSONSchema(portable(json) as Parameters<typeof z.fromJSONSchema>[0]);
  } catch {
    return z.unknown();
  }
}

/** Returns the schema of an artifact. It accepts only the declared fields, unless the JSON Schema allows others. */
function artifactSchema(json: JsonSchema): z.ZodObject {
  const schema = schemaOf({ additionalProperties: false, ...json });
  return schema instanceof z.ZodObject ? schema : z.looseObject({});
}

function triggerOf(described: DescribedTrigger, id: string): TriggerType {
  const { displayName, description, category, configSchema, contextKeyLabel, supportsFor } = described;
  return {
    ...{ id, displayName, description, category, payloadSchema: z.unknown() },
    ...(configSchema !== null && { configSchema: schemaOf(configSchema) }),
    ...(contextKeyLabel !== 'per automation' && { contextKeyLabel }),
    // A description does not say how a dwell confirms its cause, so the test returns undefined.
    ...(supportsFor && { holds: { entity: () => ({ kind: '', id: '' }), test: () => undefined } }),
  };
}

function actionOf(described: DescribedAction, id: string): ActionDescription {
  const { displayName, description, configSchema, produces, consumes, connection, connectionField } = described;
  return {
    ...{ id, displayName, description, configSchema: schemaOf(configSchema) },
    ...(produces !== null && { produces: { name: produces.name, schema: artifactSchema(produces.schema) } }),
    ...(consumes !== null && { consumes }),
    ...(connection !== null && { connection }),
    ...(connectionField !== null && { connectionField }),
  };
}

/**
 * Returns a registry for validation without the plugins, for example in a browser. Patterns, formats and rules that
 * involve several fields are not checked. This validation may therefore find fewer problems than the service, but never
 * problems that the service would not find. `known` contains triggers, by qualified id, that are used instead of their
 * descriptions.
 */
export function describedRegistry(
  { triggers, actions, kinds }: DescribedPlugins,
  known: ReadonlyMap<string, TriggerType> = new Map(),
): Registry<ActionDescription> {
  const plugins = new Map<string, { triggers: TriggerType[]; actions: ActionDescription[] }>();
  const place = (qualified: string) => {
    const dot = qualified.indexOf('.');
    const id = qualified.slice(0, dot);
    const plugin = plugins.get(id) ?? { triggers: [], actions: [] };
    plugins.set(id, plugin);
    return { plugin, name: qualified.slice(dot + 1) };
  };
  for (const trigger of triggers) {
    const { plugin, name } = place(trigger.id);
    plugin.triggers.push(known.get(trigger.id) ?? triggerOf(trigger, name));
  }
  for (const action of actions) {
    const { plugin, name } = place(action.id);
    plugin.actions.push(actionOf(action, name));
  }
  const described = [...plugins].map(([id, plugin]): PluginDescription => ({ id, ...plugin }));
  const entityKinds = kinds.map((kind) => ({ kind, description: '', schema: z.object({}) }));
  return createRegistry([...described, { id: '', entityKinds }]);
}
