/**
 * Ids of actions that may have run before a place in the document is reached. Each list links to the previous list. A
 * document with n steps therefore needs n links instead of n copies of a set.
 */
export class ActionsBefore {
  private constructor(
    private readonly ids: readonly string[],
    private readonly before: readonly ActionsBefore[],
  ) {}

  static readonly NOTHING = new ActionsBefore([], []);

  /** Returns these ids, followed by `ids`. */
  and(ids: readonly string[]): ActionsBefore {
    return ids.length === 0 ? this : new ActionsBefore(ids, [this]);
  }

  /** Returns the ids of actions that may have run after one of several branches was taken. */
  static anyOf(ways: readonly ActionsBefore[]): ActionsBefore {
    return new ActionsBefore([], [...new Set(ways)]);
  }

  has(id: string): boolean {
    const seen = new Set<ActionsBefore>();
    const pending: ActionsBefore[] = [this];
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
