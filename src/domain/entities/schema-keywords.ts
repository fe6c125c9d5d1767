/** The structure of a keyword's value in JSON Schema. */
export type KeywordForm = 'value' | 'schema' | 'schemas' | 'items' | 'schemas_by_name' | 'schemas_or_lists';

const VALUE = [
  ...[
    '$schema',
    '$id',
    '$comment',
    'title',
    'description',
    'default',
    'examples',
    'deprecated',
    'readOnly',
    'writeOnly',
  ],
  ...['type', 'enum', 'const', 'nullable', 'required', 'dependentRequired', 'minProperties', 'maxProperties'],
  ...['minItems', 'maxItems', 'uniqueItems', 'minContains', 'maxContains'],
  ...['minLength', 'maxLength', 'pattern', 'format', 'contentEncoding', 'contentMediaType'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', '$ref'],
];
const SCHEMA = [
  ...['additionalProperties', 'propertyNames', 'unevaluatedProperties', 'unevaluatedItems', 'additionalItems'],
  ...['contains', 'not', 'if', 'then', 'else'],
];

/**
 * Keywords that the schema of a custom entity kind may use, with the structure of their values. All other keywords are
 * refused, except annotations with the prefix `x-`. docs/automations.md lists the same keywords.
 */
export const SCHEMA_KEYWORDS: ReadonlyMap<string, KeywordForm> = new Map<string, KeywordForm>([
  ...VALUE.map((name): [string, KeywordForm] => [name, 'value']),
  ...SCHEMA.map((name): [string, KeywordForm] => [name, 'schema']),
  ...['allOf', 'anyOf', 'oneOf', 'prefixItems'].map((name): [string, KeywordForm] => [name, 'schemas']),
  ['items', 'items'],
  ...['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions'].map(
    (name): [string, KeywordForm] => [name, 'schemas_by_name'],
  ),
  ['dependencies', 'schemas_or_lists'],
]);

/** A schema inside another schema, with its path. */
export interface ChildSchema {
  keyword: string;
  path: string;
  schema: unknown;
}

/** Returns the schemas directly inside a schema, in the order of its keys. Unknown keywords contain no schemas. */
export function childrenOf(schema: Readonly<Record<string, unknown>>, path: string): ChildSchema[] {
  return Object.entries(schema).flatMap(([keyword, value]) => {
    const form = SCHEMA_KEYWORDS.get(keyword) ?? 'value';
    const place = `${path}.${keyword}`;
    const list = (values: unknown[]) =>
      values.map((child, index) => ({ keyword, path: `${place}[${index}]`, schema: child }));
    const map = (values: object) =>
      Object.entries(values).map(([name, child]: [string, unknown]) => ({
        keyword,
        path: `${place}.${name}`,
        schema: child,
      }));
    switch (form) {
      case 'value':
        return [];
      case 'schema':
        return [{ keyword, path: place, schema: value }];
      case 'schemas':
        return Array.isArray(value) ? list(value) : [];
      case 'items':
        return Array.isArray(value) ? list(value) : [{ keyword, path: place, schema: value }];
      case 'schemas_by_name':
        return isMap(value) ? map(value) : [];
      case 'schemas_or_lists':
        return isMap(value) ? map(value).filter(({ schema: child }) => !Array.isArray(child)) : [];
    }
  });
}

/** Returns whether a value is a JSON object. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
