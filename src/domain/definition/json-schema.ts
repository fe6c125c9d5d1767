import { z } from 'zod';
import type { ActionDescription } from '../registry/action-description';
import type { Registry } from '../registry/registry';
import { isMap, listOf } from './plain-map';
import { Definition } from './schema';

type Json = Record<string, unknown>;

/** Alternative spelling of an event, in which dots inside the name are read as `_`. */
const DOTTED_EVENT = {
  type: 'string',
  pattern: '^[a-z-]+\\.[a-z0-9_]+\\.',
  description: 'Dots inside the name are read as "_"',
};
const TEMPLATE = { type: 'string', pattern: '\\{\\{', description: 'A template' };

/**
 * Returns the JSON Schema of a registered schema, with local definitions inlined so that it can be embedded anywhere.
 */
function toJson(schema: z.ZodType): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' });
  return json;
}

/** Returns a schema that, like validation, also accepts a string with `{{` in place of any nested value. */
function relaxed(schema: unknown, top = true): unknown {
  if (!isMap(schema)) return schema;
  const copy: Json = { ...schema };
  if (isMap(copy.properties)) {
    copy.properties = Object.fromEntries(
      Object.entries(copy.properties).map(([key, value]) => [key, relaxed(value, false)]),
    );
  }
  if (isMap(copy.items)) copy.items = relaxed(copy.items, false);
  if (isMap(copy.additionalProperties)) copy.additionalProperties = relaxed(copy.additionalProperties, false);
  for (const key of ['anyOf', 'oneOf', 'allOf'] as const) {
    if (Array.isArray(copy[key])) copy[key] = listOf(copy[key]).map((part) => relaxed(part, true));
  }
  const anyText =
    copy.type === 'string' && ['enum', 'const', 'pattern', 'format', 'minLength'].every((key) => !(key in copy));
  if (top || anyText || Object.keys(copy).length === 0) return copy;
  const { description, default: preset, ...strict } = copy;
  return {
    ...(description !== undefined && { description }),
    ...(preset !== undefined && { default: preset }),
    anyOf: [strict, TEMPLATE],
  };
}

/** Makes the schema of `config` depend on the value of `key`. */
function perName(key: string, name: string, config: unknown): Json {
  const required = isMap(config) && listOf(config.required).length > 0;
  return {
    if: { properties: { [key]: { const: name } }, required: [key] },
    then: { properties: { config }, ...(required && { required: ['config'] }) },
  };
}

function describeEvents(owner: Json, registry: Registry<ActionDescription>): void {
  const names = [...registry.triggers()].map(([name, { description }]) => ({ const: name, description }));
  (owner.properties as Json).event = { description: '<plugin>.<name>', anyOf: [...names, DOTTED_EVENT] };
  owner.allOf = [...registry.triggers()].map(([name, { configSchema }]) =>
    perName('event', name, configSchema ? toJson(configSchema) : { type: 'object', maxProperties: 0 }),
  );
}

function describeActions(form: Json, registry: Registry<ActionDescription>): void {
  const names = [...registry.actions()].map(([name, { description }]) => ({ const: name, description }));
  (form.properties as Json).action = { description: '<plugin>.<name>', anyOf: names };
  form.allOf = [...registry.actions()].map(([name, { configSchema }]) =>
    perName('action', name, relaxed(toJson(configSchema))),
  );
}

/** Describes `wait_for_trigger`: one event, a map with `triggers`, or a list of events as a shorthand. */
function describeWait(properties: Json, registry: Registry<ActionDescription>): void {
  const [one, any] = listOf((properties.wait_for_trigger as Json).anyOf).filter(isMap);
  if (!one || !any) return;
  const list = (any.properties as Json).triggers as Json;
  describeEvents(one, registry);
  describeEvents(list.items as Json, registry);
  for (const form of [one, any]) {
    (form.properties as Json).poll_seconds = {
      deprecated: true,
      description: 'Not needed: a wait is evaluated when something changes',
    };
  }
  properties.wait_for_trigger = { anyOf: [one, any, list] };
}

function formWith(forms: unknown, key: string): Json | undefined {
  return listOf(forms)
    .filter(isMap)
    .find((form) => isMap(form.properties) && Object.hasOwn(form.properties, key));
}

/**
 * Returns the JSON Schema of the automation document for editors. It is generated from the zod schemas, and includes
 * the registered events and actions with their descriptions and configs. Expressions, ids and artifacts are checked
 * only by the validator.
 */
export function automationJsonSchema(registry: Registry<ActionDescription>): Json {
  const schema = z.toJSONSchema(Definition, { io: 'input', unrepresentable: 'any' }) as Json;
  const defs = schema.$defs as Record<string, Json>;
  const trigger = defs.Trigger;
  // The id is derived from the event before the structure is checked.
  if (trigger) trigger.required = listOf(trigger.required).filter((key) => key !== 'id');
  if (trigger) describeEvents(trigger, registry);
  const forms = defs.Action?.anyOf;
  const provider = formWith(forms, 'action');
  if (provider) describeActions(provider, registry);
  const wait = formWith(forms, 'wait_for_trigger');
  if (wait && isMap(wait.properties)) describeWait(wait.properties, registry);
  const until = formWith(forms, 'wait_until');
  if (until && isMap(until.properties)) {
    const { wait_until: map } = until.properties;
    until.properties.wait_until = { anyOf: [{ $ref: '#/$defs/Expression' }, map] };
  }
  return schema;
}
