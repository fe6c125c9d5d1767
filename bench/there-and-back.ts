/**
 * Measures several things `rounds` times, in the order A B … B A, so that drift and other load on the machine affect all
 * equally. Only one of them runs at a time. Returns the results of each.
 */
export async function thereAndBack<K extends string, T>(
  rounds: number,
  slots: Readonly<Record<K, () => Promise<T>>>,
): Promise<Record<K, T[]>> {
  const names = Object.keys(slots) as K[];
  const results = Object.fromEntries(names.map((name) => [name, [] as T[]])) as Record<K, T[]>;
  for (let round = 0; round < rounds; round += 1) {
    for (const name of [...names, ...names.toReversed()]) results[name].push(await slots[name]());
  }
  return results;
}
