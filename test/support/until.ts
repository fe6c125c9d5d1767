/** A deadline says how long something takes on two idle cores. A busy machine gets this many times as long. */
const PATIENCE = 3;

/** Returns the limit in milliseconds, on a busy machine, for what takes at most `ms` on two idle cores. */
export const allowedMs = (ms: number): number => PATIENCE * ms;

/**
 * Asks again until the answer is neither undefined, null nor false, and gives it. Fails when `PATIENCE` times the deadline
 * has passed, with what it was waiting for.
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  deadlineMs = 20_000,
): Promise<T> {
  const mostMs = allowedMs(deadlineMs);
  const end = Date.now() + mostMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== null && answer !== false) return answer;
    if (Date.now() > end) throw new Error(`Still not true after ${mostMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
