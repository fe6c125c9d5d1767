import type { z } from 'zod';
import { nearest } from '../expressions/nearest';
import type { Findings } from './findings';
import { formatPlace, type Segment } from './place';
import { childSchemas, hasFlag } from './schema-at';

const REFERENCE = /\$\{\{\s*secrets\.([A-Za-z0-9_-]+)\s*\}\}/g;

/** Calls `visit` for every text in a value. */
export function visitTexts(value: unknown, path: Segment[], visit: (text: string, path: Segment[]) => void): void {
  if (typeof value === 'string') visit(value, path);
  else if (Array.isArray(value)) value.forEach((item, index) => visitTexts(item, [...path, index], visit));
  else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) visitTexts(item, [...path, key], visit);
  }
}

/** Whether a flag stands on the schema of a field or of anything around it. */
export function isFlagged(schema: z.core.$ZodType, path: readonly PropertyKey[], flags: readonly string[]): boolean {
  let current = [schema];
  for (const key of path) {
    current = current.flatMap((one) => childSchemas(one, key));
    if (current.some((one) => flags.some((flag) => hasFlag(one, flag)))) return true;
  }
  return false;
}

/** Places of fields whose schema takes secrets. */
export type SecretFields = Set<string>;

/**
 * Warns of `${{ secrets.X }}` in fields that take none, where it would be sent as it stands, and of names that are not
 * known, when the known ones were given.
 */
export function checkSecretReferences(
  document: unknown,
  fields: SecretFields,
  known: ReadonlySet<string> | undefined,
  findings: Findings,
): void {
  visitTexts(document, [], (text, path) => {
    for (const [reference, name = ''] of text.matchAll(REFERENCE)) {
      if (!fields.has(formatPlace(path))) {
        const message = `${reference} stays as it stands here: only fields for secrets take one`;
        findings.warning({ path, code: 'secret_outside', message });
      }
      if (known === undefined || known.has(name)) continue;
      const meant = nearest(name, known);
      const hint = meant === undefined ? 'Set it with PUT /api/v1/secrets' : `Did you mean "${meant}"?`;
      findings.warning({ path, code: 'unknown_secret', message: `No secret is called "${name}". ${hint}` });
    }
  });
}
