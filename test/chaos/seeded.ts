/** Choices that follow from a seed: the same seed makes the same faults in the same order. */
export interface Seeded {
  /** From 0 (included) to 1 (excluded). */
  next(): number;
  pick<T>(items: readonly T[]): T;
}

/** The mulberry32 generator. */
export function seeded(seed: number): Seeded {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next, pick: (items) => items[Math.floor(next() * items.length)] as (typeof items)[number] };
}
