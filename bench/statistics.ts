/** Things done in a time. */
export interface Volume {
  count: number;
  ms: number;
}

/** Per second over all slots together. */
export function perSecond(volumes: readonly Volume[]): number {
  const count = volumes.reduce((sum, volume) => sum + volume.count, 0);
  const ms = volumes.reduce((sum, volume) => sum + volume.ms, 0);
  return (count * 1000) / ms;
}

/** The value below which a share (0..1) of all values lies; the nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}
