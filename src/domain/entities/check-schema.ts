import type { Finding } from '../errors';
import { nearest } from '../expressions/nearest';
import { childrenOf, isMap, SCHEMA_KEYWORDS } from './schema-keywords';

/** Limits for the schema of a custom entity kind. */
export const SCHEMA_LIMITS = {
  /** Number of characters of the schema as JSON. */
  characters: 65_536,
  /** Depth of nested schemas. The JSON of the schema may be nested three times as deeply. */
  depth: 20,
  /** Total number of names under `properties`. */
  properties: 500,
  /** Total number of keywords. */
  keywords: 2_000,
  /** Total number of `pattern` keywords and of names under `patternProperties`. */
  patterns: 50,
  /** Number of characters of a pattern. */
  patternCharacters: 500,
  /** Number of entries in an `enum`. */
  enumEntries: 1_000,
  /** Number of schemas after every `$ref` has been expanded. */
  expanded: 2_000,
} as const;

const REFERENCE = /^#\/(\$defs|definitions)\/([^/]+)$/;

interface Walk {
  findings: Finding[];
  properties: number;
  keywords: number;
  patterns: number;
}

/**
 * Checks the schema of a custom entity kind without compiling it: its size, depth, keywords and references, and whether
 * states are objects. The time is linear in the size of the schema. Returns at most 20 findings.
 */
export function checkEntitySchema(schema: Record<string, unknown>): Finding[] {
  const walk: Walk = { findings: [], properties: 0, keywords: 0, patterns: 0 };
  if (deeperThan(schema, 3 * SCHEMA_LIMITS.depth)) return [limit('schema', 'depth', 'levels')];
  if (JSON.stringify(schema).length > SCHEMA_LIMITS.characters) return [limit('schema', 'characters', 'characters')];
  checkNode(schema, 'schema', 0, walk);
  if (walk.findings.length > 0) return walk.findings.slice(0, 20);
  const references = checkReferences(schema);
  if (references.length > 0) return references.slice(0, 20);
  return allowsObjects(schema, schema, 0)
    ? []
    : [
        finding(
          'schema',
          'schema_not_object',
          'The state of an entity is an object: write "type": "object" at the top',
        ),
      ];
}

function checkNode(schema: unknown, path: string, depth: number, walk: Walk): void {
  if (walk.findings.length >= 20 || typeof schema === 'boolean') return;
  if (!isMap(schema)) {
    walk.findings.push(finding(path, 'invalid_schema', 'A schema is an object, true or false'));
    return;
  }
  if (depth > SCHEMA_LIMITS.depth) {
    walk.findings.push(limit(path, 'depth', 'levels'));
    return;
  }
  for (const [keyword, value] of Object.entries(schema)) checkKeyword(keyword, value, path, walk);
  if (depth > 0 && schema.$id !== undefined) {
    walk.findings.push(finding(`${path}.$id`, 'schema_keyword', '"$id" may appear only at the top of the schema'));
  }
  for (const child of childrenOf(schema, path)) checkNode(child.schema, child.path, depth + 1, walk);
}

function checkKeyword(keyword: string, value: unknown, path: string, walk: Walk): void {
  const place = `${path}.${keyword}`;
  if (!SCHEMA_KEYWORDS.has(keyword)) {
    if (keyword.startsWith('x-')) return;
    const meant = nearest(keyword, [...SCHEMA_KEYWORDS.keys()]);
    const hint = meant === undefined ? '' : `. Did you mean "${meant}"?`;
    walk.findings.push(
      finding(place, 'schema_keyword', `"${keyword}" cannot be used in the schema of an entity kind${hint}`),
    );
    return;
  }
  walk.keywords += 1;
  if (walk.keywords === SCHEMA_LIMITS.keywords + 1) walk.findings.push(limit(place, 'keywords', 'keywords'));
  if (keyword === 'properties' && isMap(value)) walk.properties += Object.keys(value).length;
  const patterns = keyword === 'pattern' ? [value] : keyword === 'patternProperties' ? Object.keys(Object(value)) : [];
  walk.patterns += patterns.length;
  if (walk.properties > SCHEMA_LIMITS.properties) walk.findings.push(limit(place, 'properties', 'properties'));
  if (walk.patterns > SCHEMA_LIMITS.patterns) walk.findings.push(limit(place, 'patterns', 'patterns'));
  if (patterns.some((pattern) => String(pattern).length > SCHEMA_LIMITS.patternCharacters)) {
    const message = `A pattern has at most ${SCHEMA_LIMITS.patternCharacters} characters`;
    walk.findings.push(finding(place, 'limit_exceeded', message));
  }
  if (keyword === 'enum' && Array.isArray(value) && value.length > SCHEMA_LIMITS.enumEntries) {
    walk.findings.push(finding(place, 'limit_exceeded', `An enum has at most ${SCHEMA_LIMITS.enumEntries} entries`));
  }
}

/**
 * Checks that references name an entry of `$defs` or `definitions` at the top level, never lead back to themselves, and
 * stay small when expanded.
 */
function checkReferences(root: Record<string, unknown>): Finding[] {
  const findings: Finding[] = [];
  const sizes = new Map<unknown, number>();
  const open = new Set<unknown>();
  const sizeOf = (schema: unknown, path: string): number => {
    if (!isMap(schema)) return 1;
    const known = sizes.get(schema);
    if (known !== undefined) return known;
    if (open.has(schema)) {
      findings.push(finding(path, 'schema_reference', 'A schema cannot contain itself: recursive "$ref"'));
      return 1;
    }
    open.add(schema);
    let size = 1;
    for (const child of childrenOf(schema, path)) {
      if (child.keyword !== '$defs' && child.keyword !== 'definitions') size += sizeOf(child.schema, child.path);
      else sizeOf(child.schema, child.path);
    }
    if (schema.$ref !== undefined) {
      const target = targetOf(root, schema.$ref);
      if (target === undefined) findings.push(badReference(schema.$ref, `${path}.$ref`));
      else size += sizeOf(target, `${path}.$ref`);
    }
    open.delete(schema);
    sizes.set(schema, Math.min(size, SCHEMA_LIMITS.expanded + 1));
    return size;
  };
  if (sizeOf(root, 'schema') > SCHEMA_LIMITS.expanded) {
    const message = `With every "$ref" replaced, the schema contains more than ${SCHEMA_LIMITS.expanded} schemas`;
    findings.push(finding('schema', 'limit_exceeded', message));
  }
  return findings;
}

/** Returns the target of a reference, or undefined when the target does not exist or is not allowed. */
function targetOf(root: Record<string, unknown>, reference: unknown): unknown {
  const [, keyword = '', escaped = ''] = REFERENCE.exec(typeof reference === 'string' ? reference : '') ?? [];
  const definitions = root[keyword];
  const name = decoded(escaped).replaceAll('~1', '/').replaceAll('~0', '~');
  return isMap(definitions) && Object.hasOwn(definitions, name) ? definitions[name] : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function badReference(reference: unknown, path: string): Finding {
  const written = JSON.stringify(reference).slice(0, 100);
  const message = `${written} cannot be used: a "$ref" names an entry of "$defs" or "definitions" at the top, as "#/$defs/NAME"`;
  return finding(path, 'schema_reference', message);
}

/**
 * Returns whether some object can satisfy a schema, as far as `type`, `const`, `enum` and combinations determine this.
 * References must already have been checked.
 */
function allowsObjects(schema: unknown, root: Record<string, unknown>, depth: number): boolean {
  if (typeof schema === 'boolean') return schema;
  if (!isMap(schema) || depth > 3 * SCHEMA_LIMITS.depth) return true;
  const { type, enum: entries, allOf, anyOf, oneOf, $ref } = schema;
  const types: unknown[] = Array.isArray(type) ? type : [type];
  if (type !== undefined && !types.includes('object')) return false;
  if (Object.hasOwn(schema, 'const') && !isMap(schema.const)) return false;
  if (Array.isArray(entries) && !entries.some(isMap)) return false;
  const allows = (one: unknown) => allowsObjects(one, root, depth + 1);
  if ($ref !== undefined && !allows(targetOf(root, $ref))) return false;
  if (Array.isArray(allOf) && !allOf.every(allows)) return false;
  return [anyOf, oneOf].every((some) => !Array.isArray(some) || some.some(allows));
}

function deeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((child) => deeperThan(child, levels - 1));
}

function limit(path: string, name: keyof typeof SCHEMA_LIMITS, what: string): Finding {
  return finding(
    path,
    'limit_exceeded',
    `The schema of an entity kind may have at most ${SCHEMA_LIMITS[name]} ${what}`,
  );
}

function finding(path: string, code: string, message: string): Finding {
  return { path, code, message };
}
