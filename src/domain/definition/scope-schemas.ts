import { z } from 'zod';
import type { ActionDescription } from '../registry/action-description';
import type { Registry } from '../registry/registry';

/** A JSON Schema (2020-12). */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** JSON Schemas of the data that expressions read. They are plain data, so a browser can use them as well. */
export interface ScopeSchemas {
  /** Payload of each event. */
  payloads: ReadonlyMap<string, JsonSchema>;
  /** State of each built-in entity kind. */
  kinds: ReadonlyMap<string, JsonSchema>;
  /** Schema of `health.system` and of each entry of `health.systems`; absent = any members are allowed. */
  health?: JsonSchema;
}

const made = new WeakMap<object, ScopeSchemas>();

function toJson(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any', reused: 'inline' }) as JsonSchema;
}

/** Returns the scope schemas of the registered plugins. They are computed once per registry. */
export function scopeSchemasOf(registry: Registry<ActionDescription>): ScopeSchemas {
  const before = made.get(registry);
  if (before !== undefined) return before;
  const health = registry.entityKind('health')?.viewSchema;
  const schemas: ScopeSchemas = {
    payloads: new Map([...registry.triggers()].map(([event, { payloadSchema }]) => [event, toJson(payloadSchema)])),
    kinds: new Map([...registry.entityKinds()].map(([kind, { schema }]) => [kind, toJson(schema)])),
    ...(health && { health: toJson(health) }),
  };
  made.set(registry, schemas);
  return schemas;
}
