/** An item that is waiting for its transaction. */
interface Waiting<Item, Result> {
  item: Item;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** Options that determine how items share transactions. */
export interface GroupCommitOptions<Item, Result> {
  /** Commits items in one transaction. Returns their results in order. */
  commit(items: readonly Item[]): Promise<Result[]>;
  /** Returns the group of an item. Only items in the same group share a transaction. */
  groupOf(item: Item): string;
  /**
   * Returns the keys that the item writes. Items that have a key in common never share a transaction, and are committed
   * in order.
   */
  keysOf(item: Item): readonly string[];
  /** Maximum number of concurrent transactions. */
  maxTransactions: number;
  /** Maximum number of items in a transaction. */
  maxItems: number;
}

/**
 * Creates a group commit. Items that arrive while other transactions are running share the next transaction, so many
 * small messages need few transactions. An item that arrives when nothing is running does not wait. If a shared
 * transaction fails, each of its items is retried in a separate transaction, so an error in one item does not fail the
 * others.
 */
export function createGroupCommit<Item, Result>(
  options: GroupCommitOptions<Item, Result>,
): (item: Item) => Promise<Result> {
  const { commit, groupOf, keysOf, maxTransactions, maxItems } = options;
  let queue: Waiting<Item, Result>[] = [];
  let transactions = 0;
  const busyKeys = new Map<string, number>();

  /**
   * Removes and returns the first item that does not have to wait for a running transaction, together with the items
   * that can share its transaction.
   */
  function takeGroup(): Waiting<Item, Result>[] {
    const taken: Waiting<Item, Result>[] = [];
    const left: Waiting<Item, Result>[] = [];
    const keys = new Set(busyKeys.keys());
    let group: string | undefined;
    for (const each of queue) {
      const own = keysOf(each.item);
      const isFree = !own.some((key) => keys.has(key));
      if (isFree) group ??= groupOf(each.item);
      const fits = isFree && taken.length < maxItems && groupOf(each.item) === group;
      (fits ? taken : left).push(each);
      for (const key of own) keys.add(key);
    }
    queue = left;
    return taken;
  }

  function count(keys: readonly string[], by: number): void {
    for (const key of keys) {
      const next = (busyKeys.get(key) ?? 0) + by;
      if (next > 0) busyKeys.set(key, next);
      else busyKeys.delete(key);
    }
  }

  function pump(): void {
    while (transactions < maxTransactions) {
      const group = takeGroup();
      if (group.length === 0) return;
      const keys = group.flatMap(({ item }) => keysOf(item));
      count(keys, 1);
      transactions += 1;
      void commitGroup(commit, group).finally(() => {
        transactions -= 1;
        count(keys, -1);
        pump();
      });
    }
  }

  return (item) =>
    new Promise((resolve, reject) => {
      queue.push({ item, resolve, reject });
      pump();
    });
}

type Commit<Item, Result> = GroupCommitOptions<Item, Result>['commit'];

/** Commits each item in its own transaction. Never rejects. */
async function commitEach<Item, Result>(
  commit: Commit<Item, Result>,
  waiting: readonly Waiting<Item, Result>[],
): Promise<void> {
  for (const { item, resolve, reject } of waiting) {
    try {
      const [result] = await commit([item]);
      resolve(result as Result);
    } catch (error) {
      reject(error);
    }
  }
}

/** Commits items together. If that fails, commits each item separately. Never rejects. */
async function commitGroup<Item, Result>(
  commit: Commit<Item, Result>,
  waiting: readonly Waiting<Item, Result>[],
): Promise<void> {
  if (waiting.length === 1) return commitEach(commit, waiting);
  let results: Result[];
  try {
    results = await commit(waiting.map(({ item }) => item));
  } catch {
    return commitEach(commit, waiting);
  }
  for (const [index, { resolve }] of waiting.entries()) resolve(results[index] as Result);
}
