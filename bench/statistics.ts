/** The number of completed operations, and the time that they took. */
export interface Volume {
  count: number;
  ms: number;
}

/** Returns the rate per second over all slots combined. */
export function perSecond(volumes: readonly Volume[]): number {
  const count = volumes.reduce((sum, volume) => sum + volume.count, 0);
  const ms = volumes.reduce((sum, volume) => sum + volume.ms, 0);
  return (count * 1000) / ms;
}

/** Returns a percentile of values by the nearest-rank method. `share` is between 0 and 1. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}
