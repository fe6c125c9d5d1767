import type { Context } from '@temporalio/activity';
import { cancellationOf } from '../temporal/stretch-stops';

/** Milliseconds between renewals. This must be well below `IN_FLIGHT_SECONDS`. */
const RENEW_MS = 1_000;

/** Aborts the call of an attempt that must end early. */
export interface EndOfAttempt {
  signal: AbortSignal;
  /** Releases the timers and listeners. Call it when the call has ended. */
  stop(): void;
}

/**
 * Ends a call at once when its run is cancelled or its worker stops. Temporal may have timed out the attempt because
 * its heartbeats were late, for example after the process was suspended. In this case, the call continues as long as
 * `renew` returns true, which means that the attempt is still its step's current attempt. Ending the call would only
 * make the next attempt send it again. If a renewal fails with an error, the call continues.
 */
export function endOfAttempt(context: Context, renew: () => Promise<boolean>): EndOfAttempt {
  const cancelled = cancellationOf(context);
  const ended = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const check = async (): Promise<void> => {
    const isCurrent = await renew().catch(() => true);
    if (stopped) return;
    if (isCurrent) timer = setTimeout(() => void check(), RENEW_MS);
    else ended.abort();
  };
  const onCancel = (): void => {
    const { notFound = false, timedOut = false } = context.cancellationDetails ?? {};
    if (notFound || timedOut) void check();
    else ended.abort();
  };
  if (cancelled.aborted) onCancel();
  else cancelled.addEventListener('abort', onCancel, { once: true });
  return {
    signal: ended.signal,
    stop() {
      stopped = true;
      clearTimeout(timer);
      cancelled.removeEventListener('abort', onCancel);
    },
  };
}
