type Schema = Record<string, unknown>;

const MAX_DEPTH = 12;

/**
 * An example value of a JSON Schema (draft 2020-12, as zod writes it): examples and defaults first, otherwise the simplest
 * value of the type. Optional properties are filled in too. Returns null for schemas that allow anything.
 */
export function sampleOf(schema: unknown, root: unknown = schema, depth = 0): unknown {
  if (!isSchema(schema) || depth > MAX_DEPTH) return null;
  const given = givenValue(schema);
  if (given !== undefined) return given;
  if (typeof schema['$ref'] === 'string') return sampleOf(resolve(root, schema['$ref']), root, depth + 1);
  for (const key of ['anyOf', 'oneOf']) {
    const choices = schema[key];
    if (!Array.isArray(choices)) continue;
    const choice = choices.find((each) => !isSchema(each) || each['type'] !== 'null') ?? choices[0];
    return sampleOf(choice, root, depth + 1);
  }
  if (Array.isArray(schema['allOf'])) {
    const parts = schema['allOf'].map((part) => sampleOf(part, root, depth + 1)).filter(isSchema);
    return Object.assign({}, ...parts) as unknown;
  }
  return sampleOfType(schema, root, depth);
}

function givenValue(schema: Schema): unknown {
  const { examples, default: preset, const: only, enum: choices } = schema;
  if (Array.isArray(examples) && examples.length > 0) return examples[0];
  if (only !== undefined) return only;
  if (Array.isArray(choices)) return choices[0];
  return preset;
}

function sampleOfType(schema: Schema, root: unknown, depth: number): unknown {
  const type = Array.isArray(schema['type']) ? schema['type'].find((each) => each !== 'null') : schema['type'];
  switch (type) {
    case 'object':
      return sampleObject(schema, root, depth);
    case 'array': {
      const count = Math.max(1, Number(schema['minItems'] ?? 0));
      return Array.from({ length: count }, () => sampleOf(schema['items'], root, depth + 1));
    }
    case 'string':
      return sampleString(schema);
    case 'integer':
    case 'number':
      return sampleNumber(schema);
    case 'boolean':
      return true;
    default:
      return null;
  }
}

function sampleObject(schema: Schema, root: unknown, depth: number): Record<string, unknown> {
  const properties = isSchema(schema['properties']) ? schema['properties'] : {};
  return Object.fromEntries(
    Object.entries(properties).map(([key, property]) => [key, sampleOf(property, root, depth + 1)]),
  );
}

const BY_FORMAT: Readonly<Record<string, string>> = {
  'date-time': '2026-01-01T12:00:00.000Z',
  date: '2026-01-01',
  time: '12:00:00',
  duration: 'PT5M',
  email: 'someone@example.com',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  uuid: '0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  hostname: 'example.com',
};

function sampleString({ format, minLength, maxLength }: Schema): string {
  const known = typeof format === 'string' && Object.hasOwn(BY_FORMAT, format) ? BY_FORMAT[format] : undefined;
  if (known !== undefined) return known;
  const text = 'example'.padEnd(Number(minLength ?? 0), 'x');
  return typeof maxLength === 'number' ? text.slice(0, maxLength) : text;
}

function sampleNumber({ minimum, exclusiveMinimum, maximum, exclusiveMaximum, multipleOf }: Schema): number {
  const step = typeof multipleOf === 'number' ? multipleOf : 1;
  const least =
    typeof exclusiveMinimum === 'number' ? exclusiveMinimum + step : typeof minimum === 'number' ? minimum : -Infinity;
  const most =
    typeof exclusiveMaximum === 'number' ? exclusiveMaximum - step : typeof maximum === 'number' ? maximum : Infinity;
  // zod says safe integers by these bounds.
  if (least <= step && step <= most) return step;
  return Number.isFinite(least) && least > -Number.MAX_SAFE_INTEGER ? least : most;
}

function resolve(root: unknown, reference: string): unknown {
  const parts = reference
    .replace(/^#\/?/, '')
    .split('/')
    .filter((part) => part !== '');
  return parts.reduce<unknown>((at, part) => (isSchema(at) && Object.hasOwn(at, part) ? at[part] : undefined), root);
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
