/**
 * A map with a limited number of entries and a limited total weight. It drops the least recently used entries. An entry
 * whose weight exceeds a quarter of `maxWeight` is not stored.
 */
export class LruCache<V> {
  readonly #entries = new Map<string, { value: V; weight: number }>();
  #weight = 0;

  constructor(
    readonly maxEntries: number,
    readonly maxWeight: number,
  ) {}

  /**
   * Returns the value of a key, which becomes the most recently used. Returns undefined if the key is not in the cache.
   */
  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /**
   * Stores a value, and drops the least recently used values until the limits are met. `weight` is the length of the
   * key by default.
   */
  set(key: string, value: V, weight = key.length): void {
    if (weight * 4 > this.maxWeight) return;
    this.#drop(key);
    this.#entries.set(key, { value, weight });
    this.#weight += weight;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.maxEntries && this.#weight <= this.maxWeight) return;
      this.#drop(oldest);
    }
  }

  /** Removes and returns the value of a key. Returns undefined if the key is not in the cache. */
  take(key: string): V | undefined {
    const entry = this.#entries.get(key);
    this.#drop(key);
    return entry?.value;
  }

  get size(): number {
    return this.#entries.size;
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#weight -= entry.weight;
  }
}
