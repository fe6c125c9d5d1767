import { isMap, listOf } from '../../domain/definition/plain-map';

/** One row of a reference table: a field of a JSON Schema at `path`, such as `retry.max_attempts` or `items[].id`. */
export interface SchemaField {
  path: string;
  /** Description of the type: `string`, `"a" or "b"`, `list of string`… */
  type: string;
  required: boolean;
  /** JSON text of the default; undefined = none. */
  preset: string | undefined;
  description: string;
}

const MAX_DEPTH = 3;

/** Lists the fields of an object schema (JSON Schema as zod writes it), parents before children, 3 levels deep. */
export function schemaFields(schema: unknown, root: unknown = schema, prefix = '', depth = 0): SchemaField[] {
  const object = objectIn(resolveRef(schema, root), root);
  if (object === undefined || depth >= MAX_DEPTH) return [];
  const required = listOf(object['required']);
  return Object.entries(isMap(object['properties']) ? object['properties'] : {}).flatMap(([key, value]) => {
    const field = resolveRef(value, root);
    const path = `${prefix}${key}`;
    const items = resolveRef(field['items'], root);
    return [
      {
        path,
        type: field['x-secret'] === true ? `${typeText(field, root)}, takes secrets` : typeText(field, root),
        required: required.includes(key),
        preset: field['default'] === undefined ? undefined : JSON.stringify(field['default']),
        description: typeof field['description'] === 'string' ? field['description'] : '',
      },
      ...schemaFields(field, root, `${path}.`, depth + 1),
      ...schemaFields(items, root, `${path}[].`, depth + 1),
    ];
  });
}

/**
 * Returns the object among the alternatives of a schema: itself, or the first of `anyOf`, `oneOf` or `allOf` with
 * properties.
 */
function objectIn(schema: Record<string, unknown>, root: unknown): Record<string, unknown> | undefined {
  if (isMap(schema['properties'])) return schema;
  for (const key of ['anyOf', 'oneOf', 'allOf']) {
    const found = listOf(schema[key])
      .map((part) => resolveRef(part, root))
      .find((part) => isMap(part['properties']));
    if (found !== undefined) return found;
  }
  return undefined;
}

function typeText(schema: Record<string, unknown>, root: unknown): string {
  if (schema['const'] !== undefined) return JSON.stringify(schema['const']);
  const choices = listOf(schema['enum']);
  if (choices.length > 0) return choices.map((choice) => JSON.stringify(choice)).join(' or ');
  const alternatives = [...listOf(schema['anyOf']), ...listOf(schema['oneOf'])].map((part) =>
    typeText(resolveRef(part, root), root),
  );
  if (alternatives.length > 0) return [...new Set(alternatives)].join(' or ');
  if (schema['type'] === 'array') return `list of ${typeText(resolveRef(schema['items'], root), root)}`;
  const type = Array.isArray(schema['type']) ? schema['type'].join(' or ') : schema['type'];
  if (typeof type !== 'string') return isMap(schema['properties']) ? 'object' : 'any value';
  return `${type}${limits(schema)}`;
}

/** Returns the bounds of a number, text or list; zod's bounds of safe integers are left out. */
function limits(schema: Record<string, unknown>): string {
  const parts = [
    ['format', ''],
    ['minimum', '≥ '],
    ['exclusiveMinimum', '> '],
    ['maximum', '≤ '],
    ['exclusiveMaximum', '< '],
    ['minLength', 'at least '],
    ['maxLength', 'at most '],
  ].flatMap(([key = '', prefix = '']) => {
    const value = schema[key];
    if (typeof value === 'string') return [value];
    if (typeof value !== 'number' || Math.abs(value) === Number.MAX_SAFE_INTEGER) return [];
    return [`${prefix}${value}${key.endsWith('Length') ? ` character${value === 1 ? '' : 's'}` : ''}`];
  });
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

function resolveRef(schema: unknown, root: unknown, hops = 0): Record<string, unknown> {
  if (!isMap(schema)) return {};
  const reference = schema['$ref'];
  if (typeof reference !== 'string' || hops > 5) return schema;
  const target = reference
    .replace(/^#\/?/, '')
    .split('/')
    .filter((part) => part !== '')
    .reduce<unknown>((at, part) => (isMap(at) ? at[part] : undefined), root);
  return resolveRef(target, root, hops + 1);
}
