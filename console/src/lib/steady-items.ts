/**
 * Returns the held items in their current order, updated from `latest` where it contains them, followed by the items
 * after the last held item in `latest`, e.g. those of another page. Other new items are left out. If no items are held,
 * returns `latest`.
 */
export function steadyItems<Item>(
  held: readonly Item[],
  latest: readonly Item[],
  keyOf: (item: Item) => string,
): readonly Item[] {
  const now = new Map(latest.map((item) => [keyOf(item), item]));
  const last = held.at(-1);
  if (last === undefined) return latest;
  const heldKeys = new Set(held.map(keyOf));
  const end = latest.findIndex((item) => keyOf(item) === keyOf(last));
  const after = end < 0 ? [] : latest.slice(end + 1).filter((item) => !heldKeys.has(keyOf(item)));
  return [...held.map((item) => now.get(keyOf(item)) ?? item), ...after];
}
