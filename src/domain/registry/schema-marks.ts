import { z } from 'zod';

/**
 * Returns the top-level fields of an action's configuration that are marked `.meta({ 'x-code': true })`. They contain
 * code in another language and are never rendered, because `{{` may be part of that code.
 */
export function codeFields(schema: z.ZodType): ReadonlySet<string> {
  const fields = new Set<string>();
  if (!(schema instanceof z.ZodObject)) return fields;
  for (const [name, field] of Object.entries(schema.shape)) {
    if ((field as z.ZodType).meta()?.['x-code'] === true) fields.add(name);
  }
  return fields;
}
