/**
 * Factor by which deadlines are multiplied, because the machine may be busy. A deadline is the longest time that
 * something takes on two idle cores.
 */
const PATIENCE = 3;

/**
 * Returns the time limit in milliseconds, on a busy machine, for something that takes at most `ms` on two idle cores.
 */
export const allowedMs = (ms: number): number => PATIENCE * ms;

/**
 * Calls `check` repeatedly until it returns a value other than undefined, null or false, and returns this value.
 * @throws {Error} after `PATIENCE` times the deadline. The message contains `what`, the expected state.
 */
export async function until<T>(
  what: string,
  check: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  deadlineMs = 20_000,
): Promise<T> {
  const maxMs = allowedMs(deadlineMs);
  const end = Date.now() + maxMs;
  for (;;) {
    const answer = await check();
    if (answer !== undefined && answer !== null && answer !== false) return answer;
    if (Date.now() > end) throw new Error(`Still not true after ${maxMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
