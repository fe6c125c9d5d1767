import { randomUUID } from 'node:crypto';
import { REFERENCE } from './references';

/**
 * Replaces the author's references to secrets by marks while a template is rendered. Data that resembles a reference is
 * therefore never replaced by a secret.
 */
export interface HeldReferences {
  /** Replaces references by marks that cannot be guessed. */
  hold(text: string): string;
  /** Names of the secrets whose references `hold` has replaced. */
  readonly names: ReadonlySet<string>;
  /** Replaces the marks by values. */
  fill(text: string, values: ReadonlyMap<string, string>): string;
}

/**
 * Creates the holder of references. `${{ secrets.NAME }}` is replaced where the author wrote it, and never in a
 * payload.
 */
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
