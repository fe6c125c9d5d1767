/**
 * Resolves when the process receives SIGINT or SIGTERM. Call it before the process takes anything, so that one that is stopped
 * during its start ends in order instead of at once.
 */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
