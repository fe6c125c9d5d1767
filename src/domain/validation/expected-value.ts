import { z } from 'zod';
import { unwrap } from '../definition/schema-at';

/** Names of zod's types, for messages. */
export const TYPE_NAMES: Readonly<Partial<Record<string, string>>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a map',
  record: 'a map',
  null: 'null',
  date: 'a time',
  function: 'a function',
};

/** Names of zod's string formats, for messages. */
export const FORMAT_NAMES: Readonly<Partial<Record<string, string>>> = {
  datetime: 'a time such as 2026-01-31T12:00:00Z',
  date: 'a date such as 2026-01-31',
  time: 'a time of day such as 12:00:00',
  duration: 'an ISO 8601 duration such as PT5M',
  uuid: 'a UUID',
  guid: 'a UUID',
  url: 'a URL',
  email: 'an email address',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  cidrv4: 'an IPv4 range such as 10.0.0.0/8',
  cidrv6: 'an IPv6 range such as fd00::/8',
  base64: 'base64',
  base64url: 'base64url',
  json_string: 'JSON',
};

const PLURALS: Readonly<Partial<Record<string, string>>> = {
  'a string': 'strings',
  'a number': 'numbers',
  'a whole number': 'whole numbers',
  'a UUID': 'UUIDs',
  'a map': 'maps',
};

/** Joins alternatives: `a, b or c`. Repeated alternatives are named once. */
export function either(alternatives: readonly string[]): string {
  const all = [...new Set(alternatives)];
  const last = all.pop() ?? 'another value';
  return all.length === 0 ? last : `${all.join(', ')} or ${last}`;
}

/** Returns the values of an enumeration for a message: `one of a, b`, or the only value. */
export function oneOf(values: readonly unknown[]): string {
  const names = values.map((value) => (value === '' ? '""' : String(value)));
  return names.length === 1 ? `${names[0]}` : `one of ${names.join(', ')}`;
}

/**
 * Returns the values that a schema accepts as a noun phrase, such as `a list of strings`. Returns undefined for a schema
 * that cannot be described, such as a custom check.
 */
export function expectedValue(schema: z.core.$ZodType): string | undefined {
  const core = unwrap(schema);
  if (core instanceof z.ZodUnion) {
    const parts = core.def.options.map(expectedValue);
    return parts.every((part) => part !== undefined) ? either(parts) : undefined;
  }
  if (core instanceof z.ZodLiteral) return oneOf([...core.values]);
  if (core instanceof z.ZodEnum) return oneOf(core.options);
  if (core instanceof z.ZodArray) return listOf(core);
  if (core instanceof z.ZodObject) return mapWith(core);
  if (core instanceof z.core.$ZodStringFormat) return FORMAT_NAMES[core._zod.def.format] ?? TYPE_NAMES['string'];
  if (core instanceof z.ZodNumber) return TYPE_NAMES[core.isInt ? 'int' : 'number'];
  return TYPE_NAMES[core._zod.def.type];
}

/** Describes a list, and its items if they are simple. Other items may contain the list, so they are not described. */
function listOf(list: z.ZodArray): string {
  const item = unwrap(list.element);
  const isSimple = item instanceof z.core.$ZodString || item instanceof z.ZodNumber || item instanceof z.ZodObject;
  const plural = isSimple ? PLURALS[item instanceof z.ZodObject ? 'a map' : (expectedValue(item) ?? '')] : undefined;
  return plural === undefined ? 'a list' : `a list of ${plural}`;
}

/** Describes a map, and names its required key if it has only one. */
function mapWith(map: z.ZodObject): string {
  const required = Object.entries(map.shape).flatMap(([key, field]) => (isOptional(field) ? [] : [key]));
  return required.length === 1 ? `a map with "${required[0]}"` : 'a map';
}

const isOptional = (schema: z.core.$ZodType): boolean => schema._zod.optin !== undefined;
