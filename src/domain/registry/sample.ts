import { sampleOfPattern } from './sample-pattern';

type Schema = Record<string, unknown>;

const MAX_DEPTH = 12;
/** Maximum number of items in a list, and of characters in a string, within a sample. */
const MAX_SIZE = 1_000;

/** The position of a value in the sample. */
interface Place {
  root: unknown;
  depth: number;
  /** Name of the field that contains the value. */
  field?: string;
}

/**
 * Returns an example value for a JSON Schema (draft 2020-12 as zod writes it, or a custom one). It prefers examples,
 * constants, choices and defaults, and otherwise uses the simplest value of the type that satisfies formats, simple
 * patterns and bounds. Optional properties are filled in too. Times are in RFC 3339. A string without a format is a
 * time if the name of its field suggests this (`startedAt`). Returns null for schemas that allow anything.
 */
export function sampleOf(schema: unknown, root: unknown = schema): unknown {
  return sampleAt(schema, { root, depth: 0 });
}

function sampleAt(schema: unknown, place: Place): unknown {
  if (!isSchema(schema) || place.depth > MAX_DEPTH) return null;
  const given = givenValue(schema);
  if (given !== undefined) return given;
  const deeper = { ...place, depth: place.depth + 1 };
  if (typeof schema['$ref'] === 'string') return sampleAt(resolve(place.root, schema['$ref']), deeper);
  const parts = [...alternatives(schema), ...listOf(schema['allOf'])].map((part) => sampleAt(part, deeper));
  const own = sampleOfType(schema, place);
  if (parts.length === 0) return own;
  // The schema's own properties come last, because an alternative may only require its fields.
  const objects = [...parts, own].filter(isSchema);
  if (objects.length > 0) return Object.assign({}, ...objects) as unknown;
  return parts.find((part) => part !== null) ?? own;
}

/**
 * Returns the alternative to use from `anyOf` and from `oneOf`: the first alternative that is not `null`, if there is
 * one.
 */
function alternatives(schema: Schema): unknown[] {
  return ['anyOf', 'oneOf'].flatMap((key) => {
    const choices = listOf(schema[key]);
    if (choices.length === 0) return [];
    return [choices.find((each) => !isSchema(each) || each['type'] !== 'null') ?? choices[0]];
  });
}

function givenValue(schema: Schema): unknown {
  const { examples, default: preset, const: only, enum: choices } = schema;
  if (Array.isArray(examples) && examples.length > 0) return examples[0];
  if (only !== undefined) return only;
  if (Array.isArray(choices)) return choices.find((choice) => choice !== null) ?? null;
  return preset;
}

function sampleOfType(schema: Schema, place: Place): unknown {
  switch (typeOf(schema)) {
    case 'object':
      return sampleObject(schema, place);
    case 'array':
      return sampleList(schema, place);
    case 'string':
      return sampleString(schema, place.field);
    case 'integer':
      return sampleNumber(schema, true);
    case 'number':
      return sampleNumber(schema, false);
    case 'boolean':
      return true;
    default:
      return null;
  }
}

/** Returns the type of a schema, which may be implied by its keywords. */
function typeOf({ type, properties, required, items, pattern, minLength, minimum }: Schema): unknown {
  if (Array.isArray(type)) return type.find((each) => each !== 'null');
  if (type !== undefined) return type;
  if (properties !== undefined || required !== undefined) return 'object';
  if (items !== undefined) return 'array';
  if (pattern !== undefined || minLength !== undefined) return 'string';
  return minimum === undefined ? undefined : 'number';
}

function sampleObject(schema: Schema, place: Place): Record<string, unknown> {
  const properties = isSchema(schema['properties']) ? schema['properties'] : {};
  // Names that are required but not described.
  const more = listOf(schema['required']).filter((key): key is string => typeof key === 'string');
  const names = [...new Set([...Object.keys(properties), ...more])];
  const rest = schema['additionalProperties'];
  for (let count = 1; names.length < bounded(schema['minProperties']) && rest !== false; count += 1) {
    names.push(`example${count}`);
  }
  return Object.fromEntries(
    names.map((name) => {
      const described = Object.hasOwn(properties, name) ? properties[name] : rest;
      const value = sampleAt(described, { ...place, depth: place.depth + 1, field: name });
      return [name, value ?? (isSchema(described) ? value : 'example')];
    }),
  );
}

function sampleList(schema: Schema, place: Place): unknown[] {
  const leading = listOf(schema['prefixItems']);
  const most = typeof schema['maxItems'] === 'number' ? schema['maxItems'] : Infinity;
  const count = Math.min(most, Math.max(leading.length || 1, bounded(schema['minItems'])));
  const deeper = { ...place, depth: place.depth + 1 };
  const items = Array.from({ length: count }, (_, index) => sampleAt(leading[index] ?? schema['items'], deeper));
  return schema['uniqueItems'] === true ? items.map((item, index) => distinct(item, index)) : items;
}

/** Makes a string or number in a list of unique items differ from the preceding items by adding its index. */
function distinct(item: unknown, index: number): unknown {
  if (index === 0) return item;
  if (typeof item === 'string') return `${item}${index + 1}`;
  return typeof item === 'number' ? item + index : item;
}

const INSTANT = '2026-01-01T12:00:00.000Z';
const BY_FORMAT: Readonly<Record<string, string>> = {
  'date-time': INSTANT,
  date: '2026-01-01',
  time: '12:00:00Z',
  duration: 'PT5M',
  email: 'someone@example.com',
  'idn-email': 'someone@example.com',
  uri: 'https://example.com/',
  'uri-reference': '/example',
  iri: 'https://example.com/',
  url: 'https://example.com/',
  uuid: '0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  hostname: 'example.com',
  'idn-hostname': 'example.com',
  'json-pointer': '/example',
  regex: 'example',
};
/** Matches names of fields that contain a time: `startedAt`, `starts_at`, `timestamp`. */
const INSTANT_NAME = /[a-z]At$|_at$|^(?:at|timestamp)$/;

function sampleString({ format, pattern, minLength, maxLength }: Schema, field = ''): string {
  if (typeof format === 'string' && Object.hasOwn(BY_FORMAT, format)) return BY_FORMAT[format] ?? '';
  const matching = typeof pattern === 'string' ? sampleOfPattern(pattern) : undefined;
  if (matching !== undefined && matching.length >= bounded(minLength)) return matching;
  const isBounded = [pattern, minLength, maxLength].some((each) => each !== undefined);
  if (!isBounded && INSTANT_NAME.test(field)) return INSTANT;
  const text = 'example'.padEnd(bounded(minLength), 'x');
  return typeof maxLength === 'number' ? text.slice(0, maxLength) : text;
}

function sampleNumber(schema: Schema, isInteger: boolean): number {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum, multipleOf } = schema;
  const step = typeof multipleOf === 'number' && multipleOf > 0 ? multipleOf : 1;
  const low = typeof exclusiveMinimum === 'number' ? exclusiveMinimum : undefined;
  const high = typeof exclusiveMaximum === 'number' ? exclusiveMaximum : undefined;
  // For integers, zod adds the bounds of safe integers as `minimum` and `maximum`.
  const least = Math.max(low ?? -Infinity, typeof minimum === 'number' ? minimum : -Infinity);
  const most = Math.min(high ?? Infinity, typeof maximum === 'number' ? maximum : Infinity);
  const fits = (value: number) => value >= least && value <= most && value !== low && value !== high;
  const above = Math.ceil(least / step) * step;
  const below = Math.floor(most / step) * step;
  const found = [step, above, above + step, below, below - step].find((value) => Number.isFinite(value) && fits(value));
  if (found !== undefined) return found;
  if (isInteger || !Number.isFinite(least) || !Number.isFinite(most)) return step;
  return (least + most) / 2;
}

/** Returns a minimum size, limited to `MAX_SIZE`, or 0 when there is none. */
function bounded(bound: unknown): number {
  return typeof bound === 'number' ? Math.min(MAX_SIZE, Math.max(0, bound)) : 0;
}

function resolve(root: unknown, reference: string): unknown {
  const parts = reference
    .replace(/^#\/?/, '')
    .split('/')
    .filter((part) => part !== '')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  return parts.reduce<unknown>((at, part) => (isSchema(at) && Object.hasOwn(at, part) ? at[part] : undefined), root);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
