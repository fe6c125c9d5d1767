import { z } from 'zod';
import { knownKeys, unwrap } from '../definition/schema-at';
import { formatPlace } from '../definition/place';
import { nearest } from '../expressions/nearest';
import { either, expectedValue, FORMAT_NAMES, oneOf, TYPE_NAMES } from './expected-value';
import { foundValue, shownValue, valueAt } from './found-value';

type Issue = z.core.$ZodIssue;

/** The value that an issue is about. */
export interface Subject {
  value: unknown;
  /** Whether the value is secret. Messages then name only its type. */
  isSecret: boolean;
  /** The schema that refused the value, if known. Names the alternatives of a union and the known keys of a map. */
  schema?: z.core.$ZodType | undefined;
}

/**
 * Returns the message for a zod issue: what is expected, and the type of the value that was found. Short values that are
 * not secret are included. Messages that a schema declares are kept; the value is added to them.
 */
export function issueMessage(issue: Issue, subject: Subject): string {
  const { value, isSecret } = subject;
  if (value === undefined && issue.code !== 'custom') return missingMessage(issue, subject);
  switch (issue.code) {
    case 'invalid_type':
      return `Expected ${typeExpected(issue, subject.schema)}, got ${foundValue(value, isSecret)}`;
    case 'invalid_value':
      return optionsMessage(`Expected ${oneOf(issue.values)}`, issue.values, subject);
    case 'too_big':
    case 'too_small':
      return sizeMessage(issue, subject);
    case 'not_multiple_of':
      return withFound(`Must be a multiple of ${issue.divisor}`, subject);
    case 'invalid_format':
      return withFound(formatMessage(issue as z.core.$ZodStringFormatIssues), subject);
    case 'invalid_union':
      return unionMessage(issue, subject);
    case 'unrecognized_keys':
      return unknownKeys(issue.keys, subject.schema)
        .map(({ message }) => message)
        .join('. ');
    case 'invalid_key':
      return `The key "${String(issue.path.at(-1))}" is not valid: ${innerMessage(issue.issues)}`;
    case 'invalid_element':
      return innerMessage(issue.issues);
    case 'custom':
      return withFound('This value is not accepted', subject);
  }
}

/** Adds the value to a message that a schema declares, unless the message already names it. */
export function withFound(message: string, { value, isSecret }: Pick<Subject, 'value' | 'isSecret'>): string {
  const shown = shownValue(value, isSecret);
  const isNamed = typeof value === 'string' && shown !== undefined && message.includes(shown);
  if (shown === undefined || isNamed || /\bgot\b|[.?!]$/.test(message)) return message;
  return `${message}${message.includes(',') ? ';' : ','} got ${shown}`;
}

/** Returns the message for an unknown key, with the most similar known key or all known keys. */
export function unknownKey(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  if (meant !== undefined) return `Unknown key "${key}". Did you mean "${meant}"?`;
  return `Unknown key "${key}"${known.length === 0 ? '' : `. Known here: ${known.join(', ')}`}`;
}

/** Maximum number of unknown keys that are reported for one map. */
const MAX_KEYS = 200;

/** Returns the unknown keys of a map, each with its message: at most 200. `schema` contains the known keys. */
export function unknownKeys(
  keys: readonly string[],
  schema: z.core.$ZodType | undefined,
  messageOf = unknownKey,
): { key: string; message: string }[] {
  const unknown = new Set(keys);
  const known = (schema === undefined ? [] : knownKeys(schema)).filter((key) => !unknown.has(key));
  return keys.slice(0, MAX_KEYS).map((key) => ({ key, message: messageOf(key, known) }));
}

/** Returns the message for a value whose type differs from all alternatives of a union. */
export function noAlternative(alternatives: readonly string[], value: unknown, isSecret: boolean): string {
  return `Expected ${either(alternatives)}, got ${foundValue(value, isSecret)}`;
}

function missingMessage(issue: Issue, { schema }: Subject): string {
  const last = issue.path.at(-1);
  const name = typeof last === 'string' ? `"${last}"` : 'This value';
  const expected =
    issue.code === 'invalid_type'
      ? typeExpected(issue, schema)
      : issue.code === 'invalid_value'
        ? oneOf(issue.values)
        : schema && expectedValue(schema);
  return `${name} is missing${expected === undefined ? '' : `; expected ${expected}`}`;
}

/** Returns the expected type. For a list or a map, also what it contains. */
function typeExpected({ expected }: z.core.$ZodIssueInvalidType, schema?: z.core.$ZodType): string {
  const inner = schema && unwrap(schema);
  const isDescribed = inner instanceof z.ZodArray || inner instanceof z.ZodObject;
  return (isDescribed && inner.def.type === expected && expectedValue(inner)) || (TYPE_NAMES[expected] ?? expected);
}

function optionsMessage(message: string, options: readonly unknown[], { value, isSecret }: Subject): string {
  const got = shownValue(value, isSecret) ?? foundValue(value, isSecret);
  const meant =
    typeof value === 'string' && !isSecret && options.length > 1 ? nearest(value, options.map(String)) : undefined;
  const separator = message.includes(',') ? ';' : ',';
  return `${message}${separator} got ${got}${meant === undefined || meant === '' ? '' : `. Did you mean "${meant}"?`}`;
}

const SIZE_UNITS: Partial<Record<string, [one: string, many: string]>> = {
  string: ['character', 'characters'],
  array: ['entry', 'entries'],
  record: ['key', 'keys'],
  object: ['key', 'keys'],
};

function sizeMessage(issue: z.core.$ZodIssueTooBig | z.core.$ZodIssueTooSmall, subject: Subject): string {
  const big = issue.code === 'too_big';
  const limit = Number(big ? issue.maximum : issue.minimum);
  const unit = SIZE_UNITS[issue.origin];
  if (unit !== undefined) {
    const size = sizeOf(subject.value);
    const got = subject.isSecret || size === undefined ? '' : `, got ${size === 0 ? 'none' : size}`;
    return `Must have ${big ? 'at most' : 'at least'} ${limit} ${unit[limit === 1 ? 0 : 1]}${got}`;
  }
  const bound = issue.inclusive === false ? (big ? 'below' : 'above') : big ? 'at most' : 'at least';
  return withFound(`Must be ${bound} ${limit}`, subject);
}

function sizeOf(value: unknown): number | undefined {
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  return typeof value === 'object' && value !== null ? Object.keys(value).length : undefined;
}

function formatMessage(issue: z.core.$ZodStringFormatIssues): string {
  switch (issue.format) {
    case 'regex':
      return `Must match ${issue.pattern}`;
    case 'starts_with':
      return `Must start with "${issue.prefix}"`;
    case 'ends_with':
      return `Must end with "${issue.suffix}"`;
    case 'includes':
      return `Must contain "${issue.includes}"`;
    default:
      return `Expected ${FORMAT_NAMES[issue.format] ?? `the format "${issue.format}"`}`;
  }
}

const innerMessage = ([inner]: readonly Issue[]): string => inner?.message ?? 'not accepted';

/** Returns whether an issue rejects the value as a whole, so that other alternatives may have been meant. */
const rejectsWhole = (issue: Issue): boolean =>
  issue.path.length === 0 && ['invalid_type', 'invalid_value', 'invalid_format', 'invalid_union'].includes(issue.code);

/**
 * Returns the message for a value that matches no alternative of a union. If the type of the value fits exactly one
 * alternative, this is the message of that alternative. Otherwise the message names all alternatives.
 */
function unionMessage(issue: z.core.$ZodIssueInvalidUnion, subject: Subject): string {
  const { value, isSecret, schema } = subject;
  const union = schema instanceof z.ZodUnion ? schema : undefined;
  if (issue.discriminator !== undefined) return discriminatorMessage(issue, subject);
  const fitting = issue.errors.flatMap(([first]) => (first === undefined || rejectsWhole(first) ? [] : [first]));
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) {
    const inner = issueMessage(only, { value: valueAt(value, only.path), isSecret });
    const message = only.code === 'custom' ? only.message : inner;
    return only.path.length === 0 ? message : `${formatPlace(only.path.map(partOf))}: ${message}`;
  }
  const expected = union?.def.options.map(expectedValue) ?? [];
  const names = expected.filter((name) => name !== undefined);
  if (names.length === 0) names.push(...issue.errors.flat().flatMap((each) => expectedBy(each) ?? []));
  const options = issue.errors.flat().flatMap((each) => (each.code === 'invalid_value' ? each.values : []));
  return optionsMessage(`Expected ${either(names)}`, options, subject);
}

function expectedBy(issue: Issue): string | undefined {
  if (issue.code === 'invalid_type') return typeExpected(issue);
  if (issue.code === 'invalid_value') return oneOf(issue.values);
  return issue.code === 'invalid_format' ? FORMAT_NAMES[issue.format] : undefined;
}

const partOf = (part: PropertyKey): string | number => (typeof part === 'symbol' ? String(part) : part);

/** Returns the message for a map that selects no alternative of a discriminated union. */
function discriminatorMessage(
  { discriminator = '', options = [] }: { discriminator?: string | undefined; options?: readonly unknown[] },
  { value, isSecret }: Subject,
): string {
  const given = valueAt(value, [discriminator]);
  if (given === undefined) return `"${discriminator}" is missing; expected ${oneOf(options)}`;
  return optionsMessage(`Expected ${oneOf(options)}`, options, { value: given, isSecret });
}
