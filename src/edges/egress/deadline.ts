import { ProviderFailure } from '../../integrations/provider-failure';

/**
 * Runs `work` with a timeout. Rejects on timeout or abort, even if `work` does not react to the signal, e.g. while a
 * connection is being opened.
 * @throws {ProviderFailure} timeout. Throws the abort reason of `outer` if that signal aborts.
 */
export function withDeadline<T>(
  timeoutMs: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (outer.aborted) return reject(outer.reason);
    const inner = new AbortController();
    const clear = () => {
      clearTimeout(timer);
      outer.removeEventListener('abort', onAbort);
    };
    const stop = (reason: unknown) => {
      clear();
      reject(reason);
      inner.abort(reason);
    };
    const onAbort = () => stop(outer.reason);
    const timer = setTimeout(() => {
      stop(new ProviderFailure('timeout', `No complete answer within ${timeoutMs} ms.`, { retryable: true }));
    }, timeoutMs);
    outer.addEventListener('abort', onAbort, { once: true });
    void work(inner.signal).then(resolve, reject).finally(clear);
  });
}
