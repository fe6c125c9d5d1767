import { isRecord } from '../../lib/records';
import { keysAt, schemasAt, typeText, valueAt, type Knowledge, type Schema } from './schema-walk';
import { membersAt, type Suggestion } from './scope-members';
import { placeAt, scanYaml, type Entry, type Path, type Place } from './yaml-place';

/** Completions for a place in the text. They replace the text from offset `from` to the cursor. */
export interface Suggestions {
  from: number;
  options: Suggestion[];
  /** `key` completes keys of maps, `value` completes values, and `member` completes parts of expressions. */
  kind: 'key' | 'value' | 'member';
}

/** Keys whose value is always an expression without braces. */
const EXPRESSION_KEYS = new Set(['filter', 'when', 'while', 'until', 'for_each', 'partitionBy']);

/** Returns the completions at an offset of the text. */
export function suggestAt(text: string, offset: number, knowledge: Knowledge): Suggestions {
  const entries = scanYaml(text);
  const place = placeAt(text, offset);
  const inside = expressionBefore(place, knowledge, entries);
  if (inside !== undefined) return suggestMembers(inside, offset, knowledge, entries, place.path);
  const secret = /\$\{\{\s*secrets\.(\w*)$/.exec(place.prefix);
  if (secret !== null) {
    const options = knowledge.secrets.map((label) => ({ label, detail: 'secret' }));
    return { from: offset - (secret[1] ?? '').length, options, kind: 'member' };
  }
  const isName = place.kind === 'key' && place.path.at(-2) === 'systemIds';
  return place.kind === 'key' && !isName
    ? suggestKeys(place, knowledge, entries)
    : suggestValues(place, knowledge, entries);
}

/** Returns the part of an expression before the cursor, or undefined if the cursor is not in an expression. */
export function expressionBefore(place: Place, knowledge: Knowledge, entries: readonly Entry[]): string | undefined {
  const opened = place.prefix.lastIndexOf('{{');
  if (opened >= 0 && !place.prefix.slice(opened).includes('}}')) {
    return place.prefix[opened - 1] === '$' ? undefined : place.prefix.slice(opened + 2);
  }
  const key = place.path.at(-1);
  const isItem = place.kind === 'key' && typeof key === 'number';
  if (place.kind !== 'value' && !isItem) return undefined;
  const written = place.prefix.replace(/^["']/, '');
  if (isItem && (place.prefix === '' || /^[a-z_]*$/.test(place.prefix))) return undefined;
  if (typeof key === 'string' && EXPRESSION_KEYS.has(key)) return written;
  const schemas = schemasAt(knowledge, entries, place.path);
  const isExpression = schemas.some((schema) => schema['x-expression'] === true);
  return isExpression && (key !== 'enabled' || written !== '') ? written : undefined;
}

function suggestMembers(
  expression: string,
  offset: number,
  knowledge: Knowledge,
  entries: readonly Entry[],
  path: Path,
): Suggestions {
  const filter = filterBefore(expression);
  if (filter !== undefined) {
    const options = knowledge.filters.map(({ name, description }) => ({
      label: name,
      detail: 'filter',
      info: description,
    }));
    return { from: offset - filter.length, options, kind: 'member' };
  }
  const text = CHAIN.exec(expression)?.[0] ?? '';
  if (text.endsWith(']')) return { from: offset, options: [], kind: 'member' };
  const parts = partsOf(text);
  const last = text.endsWith('.') || text === '' ? '' : (parts.pop() ?? '');
  const options = membersAt(parts, { knowledge, entries, path, at: offset });
  return { from: offset - last.length, options, kind: 'member' };
}

/** Matches names and keys at the end of an expression. In a double-quoted YAML string, the quotes are escaped. */
const CHAIN =
  /(?:[A-Za-z_]\w*(?:\[(?:\\?"[^"]*"|'[^']*'|\d+)\])*\.)*(?:[A-Za-z_]\w*(?:\[(?:\\?"[^"]*"|'[^']*'|\d+)\])*)?$/;

/** Returns the chain of names at the end of an expression. */
export const chainBefore = (expression: string): string[] => partsOf(CHAIN.exec(expression)?.[0] ?? '');

/** Returns the partial filter name (possibly empty) at the end of an expression, or undefined if there is none. */
export function filterBefore(expression: string): string | undefined {
  return /\|\|\s*\w*$/.test(expression) ? undefined : /\|\s*(\w*)$/.exec(expression)?.[1];
}

/** Splits a chain of names: `a["b c"].d` becomes `a`, `b c`, `d`. */
function partsOf(text: string): string[] {
  return [...text.matchAll(/\[(?:\\?"([^"\\]*)\\?"|'([^']*)'|(\d+))\]|(\w+)/g)].map(
    ([, double, single, index, name]) => double ?? single ?? index ?? name ?? '',
  );
}

function suggestKeys(place: Place, knowledge: Knowledge, entries: readonly Entry[]): Suggestions {
  const schemas = schemasAt(knowledge, entries, place.path);
  const present = new Set(keysAt(entries, place.path));
  const options = new Map<string, Suggestion>();
  for (const { properties } of schemas)
    if (isRecord(properties))
      for (const [name, schema] of Object.entries(properties))
        if (!present.has(name) && !options.has(name) && isRecord(schema))
          options.set(name, keyOption(name, schema, place.indent, knowledge));
  const values = schemas.flatMap(scalarOptions);
  return { from: place.from, options: [...options.values(), ...values], kind: 'key' };
}

function keyOption(name: string, schema: Schema, indent: number, knowledge: Knowledge): Suggestion {
  const info = schema['description'] ?? referenced(schema, knowledge)?.['description'];
  const resolved = referenced(schema, knowledge) ?? schema;
  const inner = ' '.repeat(indent + 2);
  const shapes: Record<string, string> = { object: `${name}:\n${inner}`, array: `${name}:\n${inner}- ` };
  return {
    label: name,
    detail: typeText(resolved),
    ...(typeof info === 'string' ? { info } : {}),
    apply: shapes[String(resolved['type'])] ?? `${name}: `,
  };
}

function referenced(schema: Schema, knowledge: Knowledge): Schema | undefined {
  const name = typeof schema['$ref'] === 'string' ? schema['$ref'].replace('#/$defs/', '') : undefined;
  const definitions = knowledge.schema['$defs'];
  const found = name !== undefined && isRecord(definitions) ? definitions[name] : undefined;
  return isRecord(found) ? found : undefined;
}

function scalarOptions(schema: Schema): Suggestion[] {
  const info = typeof schema['description'] === 'string' ? { info: schema['description'] } : {};
  if (Array.isArray(schema['enum'])) return schema['enum'].map((each) => ({ label: String(each), ...info }));
  if (schema['const'] !== undefined) return [{ label: String(schema['const']), ...info }];
  if (schema['type'] === 'boolean') return [{ label: 'true' }, { label: 'false' }];
  return [];
}

function suggestValues(place: Place, knowledge: Knowledge, entries: readonly Entry[]): Suggestions {
  const known = referencesAt(place.path, knowledge, entries);
  const options = known ?? schemasAt(knowledge, entries, place.path).flatMap(scalarOptions);
  const unique = [...new Map(options.map((option) => [option.label, option])).values()];
  const quote = /^["']/.exec(place.prefix)?.[0] ?? '';
  return { from: place.from + quote.length, options: unique, kind: 'value' };
}

/**
 * Returns the names to offer for fields that refer to existing things, such as events, actions, connections, kinds and
 * groups. Returns undefined for other fields.
 */
function referencesAt(path: Path, knowledge: Knowledge, entries: readonly Entry[]): Suggestion[] | undefined {
  const key = path.at(-1);
  const described = (each: { id: string; description: string }) => ({ label: each.id, info: each.description });
  switch (key) {
    case 'event':
      return knowledge.triggers.map(described);
    case 'action':
      return path.at(-2) === 'config' ? undefined : knowledge.actions.map(described);
    case 'connectionId':
    case 'channel':
      return connectionsAt(path, knowledge, entries);
    case 'hook':
      return knowledge.hooks.map((label) => ({ label, detail: 'hook' }));
    case 'systemId':
      return systemsOf(knowledge);
    case 'kind':
      return knowledge.kinds.map(({ kind, description }) => ({ label: kind, info: description ?? '' }));
    case 'group':
      return path.length === 1 ? knowledge.groups.map((label) => ({ label })) : undefined;
    case 'trigger':
      return entries.flatMap(({ path: each, value }) =>
        each[0] === 'triggers' && each.length === 3 && each[2] === 'id' ? [{ label: value }] : [],
      );
    default:
      return path.at(-2) === 'systemIds' ? systemsOf(knowledge) : undefined;
  }
}

const systemsOf = ({ systems }: Knowledge): Suggestion[] => systems.map(({ id, name }) => ({ label: id, info: name }));

/**
 * Returns the connections that the step's action accepts. Returns undefined if the field does not refer to a
 * connection.
 */
function connectionsAt(path: Path, knowledge: Knowledge, entries: readonly Entry[]): Suggestion[] | undefined {
  const name = valueAt(entries, [...path.slice(0, -2), 'action']);
  const action = knowledge.actions.find(({ id }) => id === name);
  const field = action?.connectionField ?? 'connectionId';
  if (path.at(-1) !== field) return undefined;
  const fitting = knowledge.connections.filter(({ type }) => action?.connection == null || type === action.connection);
  return fitting.map(({ id, name: label, type: detail }) => ({ label, detail, apply: id, info: id }));
}
