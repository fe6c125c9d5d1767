import { stringify } from 'yaml';

/** Thrown for a part of an automation that has no counterpart. The message is the reason. */
export class NotImported extends Error {
  override readonly name = 'NotImported';
}

/** A scalar with a tag such as `!secret`, which only Home Assistant can resolve. */
export class TaggedValue {
  constructor(
    readonly tag: string,
    readonly text: string,
  ) {}

  toJSON(): string {
    return `${this.tag} ${this.text}`;
  }
}

/** A comment in place of a part that was not translated. Contains the reason and the original part. */
export interface Note {
  reason: string;
  fragment: unknown;
}

/** Returns the comment text for a note, without the leading `#`. */
export function noteText({ reason, fragment }: Note): string {
  const original = typeof fragment === 'string' ? fragment : stringify(JSON.parse(JSON.stringify(fragment)));
  const lines = original.trimEnd().split('\n');
  return [` Not imported: ${reason}`, ...lines.map((line) => `   ${line}`)].join('\n');
}

/** Translated parts, each with the notes before it. An item without `value` has only notes. */
export class List {
  readonly items: { value?: unknown; notes: Note[] }[] = [];

  add(value: unknown, notes: Note[] = []): void {
    this.items.push({ value, notes });
  }

  /** Adds the result of `translate`. If `translate` throws `NotImported`, adds a note instead. */
  attempt(fragment: unknown, translate: (notes: Note[]) => unknown): void {
    const notes: Note[] = [];
    try {
      const value = translate(notes);
      this.items.push(value === undefined ? { notes } : { value, notes });
    } catch (error) {
      if (!(error instanceof NotImported)) throw error;
      this.items.push({ notes: [{ reason: error.message, fragment }] });
    }
  }

  get isEmpty(): boolean {
    return this.items.every(({ value }) => value === undefined);
  }

  get notes(): Note[] {
    return this.items.flatMap(({ notes }) => notes);
  }
}
