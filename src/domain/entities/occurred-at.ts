/** Maximum time, in milliseconds, by which a sender's clock may be ahead of the server's. */
const MAX_AHEAD_MS = 5 * 60_000;

/**
 * Returns the value for `occurredAt`: the time that the sender claims, or the time of receipt if the claimed time is
 * missing, cannot be parsed, or is more than five minutes ahead of the server.
 */
export function occurredAtOf(claimed: Date | undefined, receivedAt: Date): Date {
  if (claimed === undefined || Number.isNaN(claimed.getTime())) return receivedAt;
  return claimed.getTime() - receivedAt.getTime() > MAX_AHEAD_MS ? receivedAt : claimed;
}
