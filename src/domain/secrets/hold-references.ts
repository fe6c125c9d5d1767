import { randomUUID } from 'node:crypto';
import { REFERENCE } from './references';

/** References that an author has written, kept apart from text that data brings in while a template is rendered. */
export interface HeldReferences {
  /** Replaces references by marks that nobody can guess. */
  hold(text: string): string;
  /** Names of the secrets that were held. */
  readonly names: ReadonlySet<string>;
  /** Replaces the marks by values. */
  fill(text: string, values: ReadonlyMap<string, string>): string;
}

/** `${{ secrets.NAME }}` is replaced where the author wrote it, and never in what a payload brings. */
export function holdReferences(): HeldReferences {
  const nonce = randomUUID();
  const names = new Set<string>();
  const marks = new RegExp(`<${nonce}:([A-Za-z0-9_-]+)>`, 'g');
  return {
    names,
    hold: (text) =>
      text.replace(REFERENCE, (_reference, name: string) => {
        names.add(name);
        return `<${nonce}:${name}>`;
      }),
    fill: (text, values) => text.replace(marks, (_mark, name: string) => values.get(name) ?? ''),
  };
}
