import type { z } from 'zod';
import { explain, type Problem } from '../validation/explain';

type Parsed<T> = { success: true; data: T } | { success: false; problems: Problem[] };

/**
 * Validates a rendered configuration with the schema of its action. A template that consists of one expression keeps
 * the type of its value, so `title: "{{ trigger.payload.count }}"` renders to a number. Where the schema requires a
 * string, numbers and booleans are therefore converted to strings. A missing value remains an error.
 */
export function parseRendered<T>(schema: z.ZodType<T>, config: unknown): Parsed<T> {
  const parsed = schema.safeParse(config);
  if (parsed.success) return parsed;
  const { issues } = parsed.error;
  const texts = issues.filter((issue) => issue.code === 'invalid_type' && issue.expected === 'string');
  return explain(
    schema,
    texts.reduce<unknown>((value, { path }) => withText(value, path), config),
  );
}

/** Returns the value with the number or boolean at a path converted to text. Other values are unchanged. */
function withText(value: unknown, [key, ...rest]: readonly PropertyKey[]): unknown {
  if (key === undefined) return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  if (Array.isArray(value)) return value.map((item, index) => (index === key ? withText(item, rest) : item) as unknown);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, child]) => [name, name === key ? withText(child, rest) : child]),
  );
}
