import { z } from 'zod';

/** A JSON Schema or a reference to one. */
export type JsonSchema = Record<string, unknown>;

/** Converts schemas to JSON Schema. Named parts (`.meta({id})`) are collected as components of one document. */
export interface SchemaCollector {
  of(schema: z.ZodType, io: 'input' | 'output'): JsonSchema;
  /** Like `of`, for a JSON Schema with its parts in `$defs`. */
  ofJson(schema: JsonSchema): JsonSchema;
  components(): Record<string, JsonSchema>;
}

/** Creates a collector. Each named part appears once, under `#/components/schemas`. */
export function createSchemaCollector(): SchemaCollector {
  const components = new Map<string, JsonSchema>();
  const collect = ({ $schema: _dialect, $defs, ...own }: JsonSchema): JsonSchema => {
    for (const [name, part] of Object.entries(($defs ?? {}) as Record<string, JsonSchema>)) {
      const { id: _id, ...rest } = part;
      components.set(componentName(name), rewrite(rest) as JsonSchema);
    }
    return rewrite(own) as JsonSchema;
  };
  return {
    of: (schema, io) => collect(z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema),
    ofJson: collect,
    components: () => Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** Returns a valid component name for a part. Zod generates names such as `__schema0` for parts without a name. */
const componentName = (name: string) => name.replace(/[^\w.-]/g, '_');

function rewrite(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rewrite);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => {
      const refers = key === '$ref' && typeof part === 'string' && part.startsWith('#/$defs/');
      return [key, refers ? `#/components/schemas/${componentName(part.slice('#/$defs/'.length))}` : rewrite(part)];
    }),
  );
}
