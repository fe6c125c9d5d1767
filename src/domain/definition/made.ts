/**
 * Ids of actions that may have run before a place is reached. Grows by prepending, so that a document of n steps needs
 * n of these and not n copies of a set.
 */
export class Made {
  private constructor(
    private readonly ids: readonly string[],
    private readonly before: readonly Made[],
  ) {}

  static readonly NOTHING = new Made([], []);

  /** Returns these ids followed by more. */
  and(ids: readonly string[]): Made {
    return ids.length === 0 ? this : new Made(ids, [this]);
  }

  /** Returns the ids that may have run when any of several branches may have been taken. */
  static anyOf(ways: readonly Made[]): Made {
    return new Made([], [...new Set(ways)]);
  }

  has(id: string): boolean {
    const seen = new Set<Made>();
    const pending: Made[] = [this];
    for (let made = pending.pop(); made; made = pending.pop()) {
      if (made.ids.includes(id)) return true;
      for (const earlier of made.before) {
        if (seen.has(earlier)) continue;
        seen.add(earlier);
        pending.push(earlier);
      }
    }
    return false;
  }
}
