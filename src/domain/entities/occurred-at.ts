/** How far a sender's clock may be ahead of ours, in milliseconds. */
const MAX_AHEAD_MS = 5 * 60_000;

/**
 * Returns the instant to use as `occurredAt`: that of the sender; if it is missing, cannot be parsed, or is more than
 * five minutes ahead of the server, the time of receipt (engine.md, Routing).
 */
export function occurredAtOf(claimed: Date | undefined, receivedAt: Date): Date {
  if (claimed === undefined || Number.isNaN(claimed.getTime())) return receivedAt;
  return claimed.getTime() - receivedAt.getTime() > MAX_AHEAD_MS ? receivedAt : claimed;
}
