interface Counted {
  counts?: Readonly<Record<string, number>> | undefined;
  countsAtLeast?: readonly string[] | undefined;
}

/**
 * Returns the number of runs with any of the given statuses, followed by `+` if the service stopped counting one of
 * these statuses at 10,000. Returns undefined until the service has answered.
 */
export function countText(answer: Counted | undefined, statuses: readonly string[]): string | undefined {
  const { counts, countsAtLeast = [] } = answer ?? {};
  if (counts === undefined) return undefined;
  const total = statuses.reduce((sum, status) => sum + (counts[status] ?? 0), 0);
  const more = statuses.some((status) => countsAtLeast.includes(status));
  return `${total.toLocaleString('en-US')}${more ? '+' : ''}`;
}
