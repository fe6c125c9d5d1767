/** An unrouted change, without its content. */
export interface BacklogEntry {
  seq: number;
  /** Time at which the change was recorded, as Postgres writes it. */
  recordedAt: string;
  /** Key of the changed entity (see `entityKey`). */
  entity: string;
  /** Changes of one class are probably for the same automations. */
  class: string;
}

/** Unrouted changes that are kept in memory so that all of them can be considered when the next ones are chosen. */
export interface Backlog {
  /** Number of changes in the backlog. */
  size(): number;
  /** Adds changes. Changes that are in the backlog already are ignored. */
  add(entries: readonly BacklogEntry[]): void;
  /**
   * Removes and returns at most `limit` changes, in the order in which they must be routed. Changes for which
   * `isResting` returns true for the entity stay in the backlog.
   */
  take(limit: number, isResting: (entity: string) => boolean): BacklogEntry[];
}

/** Unrouted changes of one entity, sorted by position. */
interface EntityChanges {
  entity: string;
  entries: BacklogEntry[];
}

/**
 * Creates an empty backlog. Classes of changes take turns, one change at a time, and so do the entities within a class,
 * so that a burst for one automation or entity does not delay the others. An entity belongs to the class of its oldest
 * change, which keeps the changes of each entity in order.
 */
export function createBacklog(): Backlog {
  const entities = new Map<string, EntityChanges>();
  const turns = createTurns();
  let size = 0;

  const addOne = (entry: BacklogEntry): void => {
    const changes = entities.get(entry.entity) ?? { entity: entry.entity, entries: [] };
    entities.set(entry.entity, changes);
    const { entries } = changes;
    const at = positionOf(entry.seq, entries);
    if (entries[at]?.seq === entry.seq) return;
    const [oldest] = entries;
    entries.splice(at, 0, entry);
    size += 1;
    if (at > 0) return;
    if (oldest !== undefined) turns.remove(oldest.class, changes);
    turns.add(entry.class, changes);
  };

  /** Adds the entity to the class of its oldest change, after the other entities of the class. */
  const addAgain = (changes: EntityChanges): void => {
    const [oldest] = changes.entries;
    if (oldest === undefined) entities.delete(changes.entity);
    else turns.add(oldest.class, changes);
  };

  return {
    size: () => size,
    add(entries) {
      for (const entry of entries) addOne(entry);
    },
    take(limit, isResting) {
      const taken: BacklogEntry[] = [];
      const resting: EntityChanges[] = [];
      while (taken.length < limit) {
        const changes = turns.next();
        if (changes === undefined) break;
        if (isResting(changes.entity)) {
          resting.push(changes);
          continue;
        }
        const entry = changes.entries.shift();
        if (entry !== undefined) taken.push(entry);
        addAgain(changes);
      }
      for (const changes of resting) addAgain(changes);
      size -= taken.length;
      return taken;
    },
  };
}

/** Returns the index of the first entry whose position is `seq` or higher. An entity can have many thousands of entries. */
function positionOf(seq: number, entries: readonly BacklogEntry[]): number {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle]?.seq ?? Infinity) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The order in which classes, and entities within a class, have their turns. */
interface Turns {
  add(name: string, changes: EntityChanges): void;
  remove(name: string, changes: EntityChanges): void;
  /** Removes and returns the entity that has the next turn. */
  next(): EntityChanges | undefined;
}

/**
 * Creates an empty order of turns. Classes that are new, or had nothing left at their last turn, get every second turn.
 * A quiet class therefore does not wait until all others have had a turn, and many new classes cannot keep the others
 * from their turns. This follows the new and old flows of FQ-CoDel (RFC 8290).
 */
function createTurns(): Turns {
  /** Entities by class, in the order of their turns. */
  const classes = new Map<string, Set<EntityChanges>>();
  /** Classes in the order of their turns: those that have not had a turn, and the others. */
  const [fresh, served] = [new Set<string>(), new Set<string>()];
  let lastWasFresh = false;

  return {
    add(name, changes) {
      const members = classes.get(name);
      if (members !== undefined) return void members.add(changes);
      classes.set(name, new Set([changes]));
      fresh.add(name);
    },
    remove: (name, changes) => void classes.get(name)?.delete(changes),
    next() {
      while (classes.size > 0) {
        const isFresh = fresh.size > 0 && (!lastWasFresh || served.size === 0);
        const list = isFresh ? fresh : served;
        const [name = ''] = list;
        list.delete(name);
        const members = classes.get(name);
        const [changes] = members ?? [];
        if (changes === undefined) classes.delete(name);
        else {
          members?.delete(changes);
          served.add(name);
          lastWasFresh = isFresh;
          return changes;
        }
      }
      return undefined;
    },
  };
}
