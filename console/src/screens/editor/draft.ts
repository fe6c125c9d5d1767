/** Text that is not saved yet, kept in this browser. */
export interface Draft {
  text: string;
  /** ETag of the version that the text was made from; empty for a new automation. */
  etag: string;
  /** ISO 8601. */
  at: string;
}

const keyOf = (id: string) => `fermata.draft.${id}`;

/** Returns the draft for an automation, or `new`. */
export function readDraft(id: string): Draft | undefined {
  try {
    const value = JSON.parse(window.localStorage.getItem(keyOf(id)) ?? 'null') as Partial<Draft> | null;
    if (typeof value?.text !== 'string' || typeof value.etag !== 'string') return undefined;
    return { text: value.text, etag: value.etag, at: value.at ?? new Date().toISOString() };
  } catch {
    return undefined;
  }
}

/** Keeps a draft; a full or forbidden storage keeps nothing. */
export function writeDraft(id: string, draft: Omit<Draft, 'at'>): void {
  try {
    window.localStorage.setItem(keyOf(id), JSON.stringify({ ...draft, at: new Date().toISOString() }));
  } catch {
    // The text is still in the page.
  }
}

export function dropDraft(id: string): void {
  try {
    window.localStorage.removeItem(keyOf(id));
  } catch {
    // Nothing was kept.
  }
}
