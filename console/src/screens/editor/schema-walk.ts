import { isRecord } from '../../lib/records';
import type { Entry, Path } from './yaml-place';

export type Schema = Record<string, unknown>;

/** What the editor knows besides the text. */
export interface Knowledge {
  /** JSON Schema of the document. */
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
  /** `health.system` and each of `health.systems`. */
  health: Schema;
  connections: readonly { id: string; name: string; type: string }[];
  /** With the fields for which a connection of the type lists values. */
  connectionTypes: readonly { id: string; options: readonly string[] }[];
  secrets: readonly string[];
  hooks: readonly string[];
  systems: readonly { id: string; name: string }[];
  groups: readonly string[];
}

/** Returns the schemas that a place may follow, with choices resolved as far as the text distinguishes them. */
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

/** Keys that a map has. */
export function keysAt(entries: readonly Entry[], path: Path): string[] {
  return entries.flatMap(({ path: each }) => {
    const key = each[path.length];
    return each.length === path.length + 1 && typeof key === 'string' && startsWith(each, path) ? [key] : [];
  });
}

/** Returns the scalar that a place has, without quotes. */
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

/** Returns a schema as the list of its choices. */
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

/** Returns those of several maps that allow all present keys. */
function narrowed(nodes: readonly Schema[], keys: readonly string[]): Schema[] {
  const fits = nodes.filter((node) => {
    const { properties } = node;
    return isRecord(properties) && keys.every((key) => Object.hasOwn(properties, key));
  });
  return keys.length > 0 && fits.length > 0 ? fits : [...nodes];
}

/** Returns the fields of a value that follows a schema, with the choices merged. */
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

/** Returns the schemas of one member of a value that follows a schema: a field, or what a map or list holds. */
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

/** Returns what a schema allows, with references and choices resolved. */
export function allowedText(schema: unknown, root: Schema): string {
  const definitions = isRecord(root['$defs']) ? root['$defs'] : {};
  const each = expand(schema, definitions).map(typeText);
  return [...new Set(each)].filter((text) => text !== '').join(' | ');
}

/** Returns what a schema allows, in a few words: `text`, `number`, `one of …`. */
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
