import { isRecord } from '../../lib/records';
import type { Entry, Path } from './yaml-place';

export type Schema = Record<string, unknown>;

/** The data on which completion and hover texts are based, besides the edited text. */
export interface Knowledge {
  /** JSON Schema of an automation. */
  schema: Schema;
  triggers: readonly { id: string; description: string; payloadSchema: Schema; configSchema: Schema | null }[];
  actions: readonly {
    id: string;
    description: string;
    configSchema: Schema;
    produces: { type: string; name: string; schema: Schema } | null;
    connection: string | null;
    connectionField: string | null;
  }[];
  filters: readonly { name: string; description: string }[];
  kinds: readonly { kind: string; description: string | null; schema: Schema }[];
  /** Schema of a system's health. It applies to `health.system` and to each entry of `health.systems`. */
  health: Schema;
  connections: readonly { id: string; name: string; type: string }[];
  /** Connection types. `options` names the fields whose values the product lists. */
  connectionTypes: readonly { id: string; options: readonly string[] }[];
  secrets: readonly string[];
  hooks: readonly string[];
  systems: readonly { id: string; name: string }[];
  groups: readonly string[];
}

/** Returns the schemas that may apply at a path. Alternatives that do not fit the keys already written are dropped. */
export function schemasAt(knowledge: Knowledge, entries: readonly Entry[], path: Path): Schema[] {
  const definitions = isRecord(knowledge.schema['$defs']) ? knowledge.schema['$defs'] : {};
  let nodes = expand(knowledge.schema, definitions);
  for (const [depth, segment] of path.entries()) {
    const parent = path.slice(0, depth);
    const config = segment === 'config' ? configSchemaAt(knowledge, entries, parent) : undefined;
    nodes =
      config === undefined
        ? narrowed(nodes, keysAt(entries, parent)).flatMap((node) => childOf(node, segment, definitions))
        : expand(config, isRecord(config['$defs']) ? config['$defs'] : definitions);
  }
  return narrowed(nodes, keysAt(entries, path));
}

/** Returns the keys of the map at a path. */
export function keysAt(entries: readonly Entry[], path: Path): string[] {
  return entries.flatMap(({ path: each }) => {
    const key = each[path.length];
    return each.length === path.length + 1 && typeof key === 'string' && startsWith(each, path) ? [key] : [];
  });
}

/** Returns the scalar value at a path, without quotes. Returns undefined if it is missing or empty. */
export function valueAt(entries: readonly Entry[], path: Path): string | undefined {
  const found = entries.find(({ path: each }) => each.length === path.length && startsWith(each, path));
  return found === undefined || found.value === '' ? undefined : found.value.replace(/^(["'])(.*)\1$/, '$2');
}

export const startsWith = (path: Path, start: Path): boolean => start.every((each, index) => path[index] === each);

function configSchemaAt(knowledge: Knowledge, entries: readonly Entry[], parent: Path): Schema | undefined {
  const event = valueAt(entries, [...parent, 'event']);
  if (event !== undefined) return knowledge.triggers.find(({ id }) => id === event)?.configSchema ?? undefined;
  const action = valueAt(entries, [...parent, 'action']);
  return action === undefined ? undefined : knowledge.actions.find(({ id }) => id === action)?.configSchema;
}

/** Returns the alternatives of a schema (`anyOf`, `oneOf`) as a list, with references resolved. */
function expand(node: unknown, definitions: Schema, depth = 0): Schema[] {
  if (!isRecord(node) || depth > 12) return [];
  const reference = node['$ref'];
  if (typeof reference === 'string') {
    const name = reference.replace(/^#\/(\$defs|definitions)\//, '');
    const found = expand(definitions[name], definitions, depth + 1);
    return name === 'Expression' ? found.map((each) => ({ ...each, 'x-expression': true })) : found;
  }
  const choices = [node['anyOf'], node['oneOf']].find((each) => Array.isArray(each));
  const outer = typeof node['description'] === 'string' ? { description: node['description'] } : {};
  if (choices !== undefined)
    return choices.flatMap((each) => expand(each, definitions, depth + 1)).map((each) => ({ ...outer, ...each }));
  return [node];
}

function childOf(node: Schema, segment: string | number, definitions: Schema): Schema[] {
  if (typeof segment === 'number') return expand(node['items'], definitions);
  const properties = isRecord(node['properties']) ? node['properties'] : {};
  if (Object.hasOwn(properties, segment)) return expand(properties[segment], definitions);
  return isRecord(node['additionalProperties']) ? expand(node['additionalProperties'], definitions) : [];
}

/** Returns the schemas that allow all present keys, or all schemas if none of them does. */
function narrowed(nodes: readonly Schema[], keys: readonly string[]): Schema[] {
  const fits = nodes.filter((node) => {
    const { properties } = node;
    return isRecord(properties) && keys.every((key) => Object.hasOwn(properties, key));
  });
  return keys.length > 0 && fits.length > 0 ? fits : [...nodes];
}

/** Returns the properties of an object schema and of its alternatives. */
export function membersOf(schema: unknown, root: Schema): Map<string, Schema> {
  const definitions = isRecord(root['$defs']) ? root['$defs'] : {};
  const members = new Map<string, Schema>();
  for (const node of expand(schema, definitions)) {
    const parts = Array.isArray(node['allOf']) ? [node, ...node['allOf'].filter(isRecord)] : [node];
    for (const { properties } of parts)
      if (isRecord(properties))
        for (const [name, value] of Object.entries(properties))
          if (isRecord(value) && !members.has(name)) members.set(name, value);
  }
  return members;
}

/** Returns the schemas of a member of a value: a property, a map value or a list item. */
export function memberOf(schema: unknown, root: Schema, name: string): Schema[] {
  const own = membersOf(schema, root).get(name);
  if (own !== undefined) return [own];
  const definitions = isRecord(root['$defs']) ? root['$defs'] : {};
  return expand(schema, definitions)
    .flatMap(({ additionalProperties, items }) =>
      /^\d+$/.test(name) ? [items, additionalProperties] : [additionalProperties],
    )
    .filter(isRecord);
}

/** Returns a short description of what a schema allows, with references and alternatives resolved. */
export function allowedText(schema: unknown, root: Schema): string {
  const definitions = isRecord(root['$defs']) ? root['$defs'] : {};
  const each = expand(schema, definitions).map(typeText);
  return [...new Set(each)].filter((text) => text !== '').join(' | ');
}

/** Returns a short description of what a schema allows: `text`, `number`, or its choices separated by ` | `. */
export function typeText(schema: Schema): string {
  const choices = schema['enum'];
  if (Array.isArray(choices)) return choices.map(String).join(' | ');
  if (schema['const'] !== undefined) return String(schema['const']);
  if (schema['x-expression'] === true) return 'expression';
  const type = schema['type'];
  const names: Record<string, string> = { string: 'text', object: 'map', array: 'list', integer: 'whole number' };
  const types = [type].flat().filter((each) => typeof each === 'string');
  if (types.length > 0) return types.map((each) => names[each] ?? each).join(' | ');
  const several = [schema['anyOf'], schema['oneOf']].find((each) => Array.isArray(each));
  return several === undefined
    ? ''
    : several
        .filter(isRecord)
        .map(typeText)
        .filter((each) => each !== '')
        .join(' | ');
}
