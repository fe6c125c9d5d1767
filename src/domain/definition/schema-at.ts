import { z } from 'zod';

/** Returns the inner schema of a wrapper (optional, default, lazy, pipe…), or undefined. */
function unwrapOnce(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly ||
    schema instanceof z.ZodCatch ||
    schema instanceof z.ZodNonOptional
  ) {
    return schema.def.innerType;
  }
  if (schema instanceof z.ZodLazy) return schema.def.getter();
  // The keys are in the schema that is not the transform: in `out` when the transform comes first ("preprocess"),
  // otherwise in `in`.
  if (schema instanceof z.ZodPipe) return schema.def.in instanceof z.ZodTransform ? schema.def.out : schema.def.in;
  return undefined;
}

/** Returns a schema and the schemas that it wraps, from the outside in. */
function layersOf(schema: z.core.$ZodType): z.core.$ZodType[] {
  const layers = [schema];
  for (let inner = unwrapOnce(schema); inner; inner = unwrapOnce(inner)) layers.push(inner);
  return layers;
}

/** Returns the schema inside all wrappers. */
export function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  return layersOf(schema).at(-1) ?? schema;
}

/**
 * Returns the keys that a schema declares, including those of all branches of a union. Returns an empty list for a
 * schema that declares no keys, such as that of a string or of a map with any keys.
 */
export function knownKeys(schema: z.core.$ZodType): string[] {
  const core = unwrap(schema);
  if (core instanceof z.ZodObject) return Object.keys(core.shape);
  if (core instanceof z.ZodUnion) return [...new Set(core.def.options.flatMap(knownKeys))];
  if (core instanceof z.ZodIntersection) return [...knownKeys(core.def.left), ...knownKeys(core.def.right)];
  return [];
}

/** Returns the schemas of the value under a key. There are several when a union allows different schemas. */
export function childSchemas(schema: z.core.$ZodType, key: PropertyKey): z.core.$ZodType[] {
  const core = unwrap(schema);
  if (core instanceof z.ZodObject) {
    const shape: Record<string, z.core.$ZodType> = core.shape;
    if (Object.hasOwn(shape, key)) return [shape[String(key)] as z.core.$ZodType];
    const { catchall } = core.def;
    return catchall === undefined || catchall instanceof z.ZodNever ? [] : [catchall];
  }
  if (core instanceof z.ZodArray) return typeof key === 'number' ? [core.def.element] : [];
  if (core instanceof z.ZodRecord) return [core.def.valueType];
  if (core instanceof z.ZodTuple) return core.def.items.filter((_, index) => index === key);
  if (core instanceof z.ZodUnion) return core.def.options.flatMap((option) => childSchemas(option, key));
  if (core instanceof z.ZodIntersection)
    return [...childSchemas(core.def.left, key), ...childSchemas(core.def.right, key)];
  return [];
}

/** Returns the first schema at a path below a schema, or undefined when no schema is declared there. */
export function schemaAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  let current = [schema];
  for (const key of path) current = current.flatMap((one) => childSchemas(one, key));
  return current[0];
}

/**
 * Returns whether a schema, anything that it wraps, or a branch of a union has this metadata flag (`x-secret`,
 * `x-code`…).
 */
function hasFlag(schema: z.core.$ZodType, flag: string): boolean {
  return layersOf(schema).some((layer) => {
    if (z.globalRegistry.get(layer as z.ZodType)?.[flag] === true) return true;
    return layer instanceof z.ZodUnion && layer.def.options.some((option) => hasFlag(option, flag));
  });
}

/** Returns the metadata with this name of the field at a path, or undefined when the field has none. */
export function metaAt(schema: z.core.$ZodType, path: readonly PropertyKey[], name: string): unknown {
  const field = schemaAt(schema, path);
  const found =
    field && layersOf(field).find((layer) => z.globalRegistry.get(layer as z.ZodType)?.[name] !== undefined);
  return found && z.globalRegistry.get(found as z.ZodType)?.[name];
}

/** Returns all schemas directly below a schema, for any key. */
function allChildren(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  const core = unwrap(schema);
  if (core instanceof z.ZodObject) {
    const fields = Object.values(core.shape as Record<string, z.core.$ZodType>);
    return core.def.catchall ? [...fields, core.def.catchall] : fields;
  }
  if (core instanceof z.ZodUnion) return core.def.options.flatMap(allChildren);
  if (core instanceof z.ZodIntersection) return [...allChildren(core.def.left), ...allChildren(core.def.right)];
  if (core instanceof z.ZodTuple) return core.def.items;
  return childSchemas(core, 0);
}

const flagged = new WeakMap<z.core.$ZodType, Map<string, boolean>>();

/**
 * Returns whether a schema contains a flag at any depth. Results are cached, so that checking schemas without flags is
 * cheap.
 */
function carriesFlag(schema: z.core.$ZodType, flag: string): boolean {
  const known = flagged.get(schema) ?? new Map<string, boolean>();
  flagged.set(schema, known);
  const before = known.get(flag);
  if (before !== undefined) return before;
  // Set before the result is known, so that a schema that contains itself is visited only once.
  known.set(flag, false);
  const found = hasFlag(schema, flag) || allChildren(schema).some((child) => carriesFlag(child, flag));
  known.set(flag, found);
  return found;
}

/** Returns whether the value at a path, or a field at any depth of it, has one of these flags. */
export function holdsFlagged(schema: z.core.$ZodType, path: readonly PropertyKey[], flags: readonly string[]): boolean {
  const found = schemaAt(schema, path);
  return found !== undefined && flags.some((flag) => carriesFlag(found, flag));
}

/**
 * Returns whether the field at a path, or a field that contains it, has one of these flags. Flags of the root are
 * ignored.
 */
export function isFlagged(schema: z.core.$ZodType, path: readonly PropertyKey[], flags: readonly string[]): boolean {
  const possible = flags.filter((flag) => carriesFlag(schema, flag));
  let current = possible.length === 0 ? [] : [schema];
  for (const key of path) {
    current = current.flatMap((one) => childSchemas(one, key));
    if (current.some((one) => possible.some((flag) => hasFlag(one, flag)))) return true;
    if (current.length === 0) return false;
  }
  return false;
}
