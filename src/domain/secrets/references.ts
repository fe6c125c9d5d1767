import { randomUUID } from 'node:crypto';

const REFERENCE = /\$\{\{\s*secrets\.([A-Za-z0-9_-]+)\s*\}\}/g;

/** What a secret may be called. */
export const SECRET_NAME = /^[A-Za-z0-9_-]{1,100}$/;

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

/** Names that a text refers to. */
export function referencesIn(text: string): string[] {
  return [...text.matchAll(REFERENCE)].flatMap(([, name]) => name ?? []);
}

/** A text with its references replaced. */
export function fillReferences(text: string, valueOf: (name: string) => string): string {
  return text.replace(REFERENCE, (_reference, name: string) => valueOf(name));
}

/** The name in a text that is one reference and nothing else. */
export function onlyReference(text: string): string | null {
  return /^\s*\$\{\{\s*secrets\.([A-Za-z0-9_-]+)\s*\}\}\s*$/.exec(text)?.[1] ?? null;
}
