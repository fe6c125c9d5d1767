import { z } from 'zod';

/** A JSON Schema or a reference to one. */
export type JsonSchema = Record<string, unknown>;

/** Gives JSON Schemas whose named parts (`.meta({id})`) are collected as components of one document. */
export interface SchemaCollector {
  of(schema: z.ZodType, io: 'input' | 'output'): JsonSchema;
  components(): Record<string, JsonSchema>;
}

/** Named parts appear once, under `#/components/schemas`. */
export function createSchemaCollector(): SchemaCollector {
  const components = new Map<string, JsonSchema>();
  return {
    of(schema, io) {
      const {
        $schema: _dialect,
        $defs,
        id,
        ...own
      } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema;
      for (const [name, part] of Object.entries(($defs ?? {}) as Record<string, JsonSchema>)) {
        const { id: _id, ...rest } = part;
        components.set(componentName(name), rewrite(rest) as JsonSchema);
      }
      if (typeof id !== 'string') return rewrite(own) as JsonSchema;
      components.set(id, rewrite(own, id) as JsonSchema);
      return { $ref: `#/components/schemas/${id}` };
    },
    components: () => Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** Parts without a name of their own are numbered by zod; their prefix keeps them apart from ours. */
const componentName = (name: string) => name.replace(/[^\w.-]/g, '_');

function rewrite(value: unknown, self?: string): unknown {
  if (Array.isArray(value)) return value.map((item) => rewrite(item, self));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, part]) => {
      if (key === '$ref' && part === '#' && self !== undefined) return [[key, `#/components/schemas/${self}`]];
      if (key === '$ref' && typeof part === 'string' && part.startsWith('#/$defs/')) {
        return [[key, `#/components/schemas/${componentName(part.slice('#/$defs/'.length))}`]];
      }
      return [[key, rewrite(part, self)]];
    }),
  );
}
