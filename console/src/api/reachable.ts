const TIMEOUT_MS = 5_000;
const RETRY_MS = 2_000;

/**
 * Returns whether the API responds within five seconds. An error response from a proxy that cannot reach the API does
 * not count as a response.
 */
export async function isReachable(): Promise<boolean> {
  try {
    const { status } = await fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) });
    return status < 500;
  } catch {
    return false;
  }
}

/**
 * Loads a screen's script. While the API, which serves the scripts, cannot be reached, this function waits and retries.
 * Otherwise, the router would reload the page, and the browser would show its own error page instead of the console.
 * @throws {Error} when the API can be reached but does not have the script, e.g. after an upgrade
 */
export async function loadScript<T>(load: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await load();
    } catch (error) {
      if (await isReachable()) throw error;
      await new Promise((resolve) => window.setTimeout(resolve, RETRY_MS));
    }
  }
}
