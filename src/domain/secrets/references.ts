/** Matches `${{ secrets.NAME }}` anywhere in text. */
export const REFERENCE = /\$\{\{\s*secrets\.([A-Za-z0-9_-]+)\s*\}\}/g;

/** Pattern of secret names. */
export const SECRET_NAME = /^[A-Za-z0-9_-]{1,100}$/;

/** Returns the names of the secrets that `text` refers to. */
export function referencesIn(text: string): string[] {
  return [...text.matchAll(REFERENCE)].flatMap(([, name]) => name ?? []);
}

/** Returns `text` with its references replaced. */
export function fillReferences(text: string, valueOf: (name: string) => string): string {
  return text.replace(REFERENCE, (_reference, name: string) => valueOf(name));
}

/** Returns the name of the secret if the text is exactly one reference, otherwise null. */
export function onlyReference(text: string): string | null {
  return /^\s*\$\{\{\s*secrets\.([A-Za-z0-9_-]+)\s*\}\}\s*$/.exec(text)?.[1] ?? null;
}
