/**
 * Measures two things `rounds` times, in the order A B B A, so that drift and other load on the machine affect both
 * equally. Only one of them runs at a time.
 */
export async function abba<T>(rounds: number, a: () => Promise<T>, b: () => Promise<T>): Promise<{ a: T[]; b: T[] }> {
  const results: { a: T[]; b: T[] } = { a: [], b: [] };
  for (let round = 0; round < rounds; round += 1) {
    results.a.push(await a());
    results.b.push(await b());
    results.b.push(await b());
    results.a.push(await a());
  }
  return results;
}

/** Measures three things `rounds` times, in the order A B C C B A. */
export async function abccba<T>(
  rounds: number,
  slots: readonly [() => Promise<T>, () => Promise<T>, () => Promise<T>],
): Promise<[T[], T[], T[]]> {
  const results: [T[], T[], T[]] = [[], [], []];
  for (let round = 0; round < rounds; round += 1) {
    for (const index of [0, 1, 2, 2, 1, 0] as const) results[index].push(await slots[index]());
  }
  return results;
}
