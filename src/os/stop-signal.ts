/**
 * Resolves when the process receives SIGINT or SIGTERM. Call it before the process acquires any resources, so that a
 * signal during the start also leads to an orderly stop instead of ending the process at once.
 */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
