import { isMap, listOf } from './plain-map';
import type { JsonSchema } from './scope-schemas';

/** Marks a value of unknown type, whose members are not checked. */
const OPEN = 'open' as const;
const MAX_REFERENCES = 20;
/** Keywords about members that this module does not support. A schema that uses one of them is treated as open. */
const TOO_RICH = [
  'allOf',
  'if',
  'not',
  'patternProperties',
  'unevaluatedProperties',
  'dependentSchemas',
  '$dynamicRef',
];
const ALWAYS_OWN = new Set(['string', 'number', 'integer', 'boolean', 'null']);

/** A schema, together with the document to which its references refer. */
export interface SchemaInDocument {
  schema: unknown;
  root: unknown;
}

type Member = typeof OPEN | { alternatives: SchemaInDocument[] } | { known: string[] };

function referenced(reference: string, root: unknown): unknown {
  if (!reference.startsWith('#')) return undefined;
  const parts = reference
    .slice(1)
    .split('/')
    .filter((part) => part !== '');
  return parts.reduce<unknown>((at, part) => {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    return isMap(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  }, root);
}

/**
 * Returns the schemas that a value may have, with unions and references resolved, or undefined when nothing is known.
 */
function plainOf({ schema, root }: SchemaInDocument, depth = 0): SchemaInDocument[] | undefined {
  if (!isMap(schema) || depth > MAX_REFERENCES || TOO_RICH.some((key) => Object.hasOwn(schema, key))) return undefined;
  if (typeof schema.$ref === 'string') return plainOf({ schema: referenced(schema.$ref, root), root }, depth + 1);
  const union = [...listOf(schema.anyOf), ...listOf(schema.oneOf)];
  if (union.length === 0) return [{ schema, root }];
  const parts = union.map((part) => plainOf({ schema: part, root }, depth + 1));
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
}

const typesOf = (schema: JsonSchema): string[] => [schema.type].flat().filter((type) => typeof type === 'string');

function memberOfPlain({ schema, root }: SchemaInDocument, key: string | number): Member {
  if (!isMap(schema)) return OPEN;
  const types = typesOf(schema);
  const { properties, additionalProperties } = schema;
  if (isMap(properties) || types.includes('object')) {
    const own = isMap(properties) ? properties : {};
    if (Object.hasOwn(own, key)) return { alternatives: [{ schema: own[key], root }] };
    const known = Object.keys(own);
    // An object schema that declares no members says nothing about its members.
    if (additionalProperties === false) return known.length === 0 ? OPEN : { known };
    return isMap(additionalProperties) ? { alternatives: [{ schema: additionalProperties, root }] } : OPEN;
  }
  if (types.includes('array')) {
    return typeof key === 'number' && isMap(schema.items) ? { alternatives: [{ schema: schema.items, root }] } : OPEN;
  }
  return types.length > 0 && types.every((type) => ALWAYS_OWN.has(type)) ? { known: [] } : OPEN;
}

const isNull = ({ schema }: SchemaInDocument): boolean =>
  isMap(schema) && (schema.type === 'null' || schema.const === null);

/**
 * Looks up a key in a value that has one of the schemas `alternatives`. Returns the possible schemas of the key's
 * value, the existing keys (`known`) when no alternative has this key, or `open` when the schemas do not determine
 * either.
 */
export function memberOf(alternatives: readonly SchemaInDocument[], key: string | number): Member {
  const found: SchemaInDocument[] = [];
  const known: string[] = [];
  for (const alternative of alternatives) {
    const plain = plainOf(alternative);
    if (plain === undefined) return OPEN;
    for (const one of plain.filter((each) => !isNull(each))) {
      const member = memberOfPlain(one, key);
      if (member === OPEN) return OPEN;
      if ('known' in member) known.push(...member.known);
      else found.push(...member.alternatives);
    }
  }
  return found.length > 0 ? { alternatives: found } : { known: [...new Set(known)] };
}

/** Returns the possible values, except null, as strings. Returns undefined when they cannot be listed. */
export function possibleValues(alternatives: readonly SchemaInDocument[]): string[] | undefined {
  const values = new Set<string>();
  for (const alternative of alternatives) {
    for (const { schema } of plainOf(alternative) ?? [{ schema: null, root: null }]) {
      if (!isMap(schema)) return undefined;
      const listed = Object.hasOwn(schema, 'const') ? [schema.const] : schema.enum;
      if (schema.type === 'null') continue;
      if (!Array.isArray(listed)) return undefined;
      for (const value of listed) if (value !== null) values.add(String(value));
    }
  }
  return values.size === 0 ? undefined : [...values];
}
