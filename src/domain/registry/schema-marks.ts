import { z } from 'zod';

/** Marks a field that holds code of another language: never rendered, `{{` in it is the code's own. */
export const CODE = { 'x-code': true } as const;

/** Top-level fields of an action's configuration that are marked as code. */
export function codeFields(schema: z.ZodType): ReadonlySet<string> {
  const fields = new Set<string>();
  if (!(schema instanceof z.ZodObject)) return fields;
  for (const [name, field] of Object.entries(schema.shape)) {
    if ((field as z.ZodType).meta()?.['x-code'] === true) fields.add(name);
  }
  return fields;
}
