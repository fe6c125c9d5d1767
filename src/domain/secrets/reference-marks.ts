import { randomUUID } from 'node:crypto';
import { REFERENCE } from './references';

/**
 * Marks that replace the author's references to secrets while a template is rendered. Data that resembles a reference
 * is therefore never replaced with a secret.
 */
export interface ReferenceMarks {
  /** Replaces references with marks that cannot be guessed. */
  insert(text: string): string;
  /** Names of the secrets whose references `insert` has replaced. */
  readonly names: ReadonlySet<string>;
  /** Replaces the marks with values. `values` maps the names of secrets to their values. */
  fill(text: string, values: ReadonlyMap<string, string>): string;
}

/**
 * Creates the marks for one configuration. `${{ secrets.NAME }}` is replaced only where the author wrote it, never in a
 * payload.
 */
export function createReferenceMarks(): ReferenceMarks {
  const nonce = randomUUID();
  const names = new Set<string>();
  const marks = new RegExp(`<${nonce}:([A-Za-z0-9_-]+)>`, 'g');
  return {
    names,
    insert: (text) =>
      text.replace(REFERENCE, (_reference, name: string) => {
        names.add(name);
        return `<${nonce}:${name}>`;
      }),
    fill: (text, values) => text.replace(marks, (_mark, name: string) => values.get(name) ?? ''),
  };
}
