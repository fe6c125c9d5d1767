import { z } from 'zod';

/**
 * Top-level fields of an action's configuration marked `.meta({ 'x-code': true })`: code of another language, never
 * rendered, since `{{` in it is the code's own.
 */
export function codeFields(schema: z.ZodType): ReadonlySet<string> {
  const fields = new Set<string>();
  if (!(schema instanceof z.ZodObject)) return fields;
  for (const [name, field] of Object.entries(schema.shape)) {
    if ((field as z.ZodType).meta()?.['x-code'] === true) fields.add(name);
  }
  return fields;
}
