/** Unsaved text, kept in the browser's local storage. */
export interface Draft {
  text: string;
  /** ETag of the version that the author started from. Empty for a new automation. */
  etag: string;
  /** When the draft was stored, as ISO 8601. */
  at: string;
}

const keyOf = (id: string) => `fermata.draft.${id}`;

/** Returns the draft for an automation id or for `new`. Returns undefined if there is none or it cannot be read. */
export function readDraft(id: string): Draft | undefined {
  try {
    const value = JSON.parse(window.localStorage.getItem(keyOf(id)) ?? 'null') as Partial<Draft> | null;
    if (typeof value?.text !== 'string' || typeof value.etag !== 'string') return undefined;
    return { text: value.text, etag: value.etag, at: value.at ?? new Date().toISOString() };
  } catch {
    return undefined;
  }
}

/** Stores a draft. Does nothing when the local storage is full or blocked. */
export function writeDraft(id: string, draft: Omit<Draft, 'at'>): void {
  try {
    window.localStorage.setItem(keyOf(id), JSON.stringify({ ...draft, at: new Date().toISOString() }));
  } catch {
    // The text is still in the editor.
  }
}

export function dropDraft(id: string): void {
  try {
    window.localStorage.removeItem(keyOf(id));
  } catch {
    // Local storage is blocked, so no draft was stored.
  }
}
