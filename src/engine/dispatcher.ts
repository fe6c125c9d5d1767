import { setTimeout as pause } from 'node:timers/promises';
import { isDatabaseUnavailable } from '../db/availability';
import { messageOf } from '../domain/errors';
import type { Logger } from '../log';
import type { LoopWatch } from './loop-watch';
import { createRouteNext, type RouteNextDeps } from './route-next';
import { Sleeper } from './sleeper';

const POLL_MS = 1_000;
const RENEW_MS = 1_500;
/**
 * Milliseconds between lease renewals while workers have different plugins. Partitions are then handed over between
 * workers, so leases change more often.
 */
const RENEW_MIXED_MS = 300;
const PAUSE_AFTER_FAULT_MS = 500;
/** Minimum pause in milliseconds between reads under load. Changes that arrive during the pause share the next read. */
const READ_EVERY_MS = 5;

export interface DispatcherDeps extends RouteNextDeps {
  watch?: LoopWatch | undefined;
}

export interface Dispatcher {
  /** Reads the change log now. Call it when changes may have been appended. */
  poke(): void;
  /** Renews the leases now. Call it when another worker has started or stopped. */
  renew(): void;
  /** Releases the leases, waits until the current batch has ended, and writes the buffered evaluations. */
  stop(): Promise<void>;
}

/**
 * Starts the loop that routes the change log, with `routeNext` as its iteration, and the loop that renews the leases. A
 * process has at most one dispatcher.
 */
export function createDispatcher(deps: DispatcherDeps, routeNext = createRouteNext(deps)): Dispatcher {
  const { leases, launcher, log } = deps;
  let stopped = false;
  let poked = false;
  /** Whether the loop pauses although there may be more changes, because admitted runs wait for slots. */
  let pausing = false;
  let renewRequested = false;
  const routing = new Sleeper();
  const renewing = new Sleeper();
  // A stalled loop is only reported and not restarted, because every statement of these loops has its own timeout.
  const [watchedLeases, watchedRouting] = ['leases', 'routing'].map((name) => deps.watch?.add(name, () => undefined));

  const renewLoop = async (): Promise<void> => {
    while (!stopped) {
      renewRequested = false;
      await leases.renew().catch((error: unknown) => log.warn({ reason: messageOf(error) }, 'failed to renew leases'));
      routing.wake();
      watchedLeases?.round();
      if (!stopped && !renewRequested) await renewing.sleep(deps.fleet.differs() ? RENEW_MIXED_MS : RENEW_MS);
    }
  };

  const routeLoop = async (): Promise<void> => {
    while (!stopped) {
      try {
        watchedRouting?.round();
        const since = performance.now();
        // `poked` is cleared before the read, so that a change that commits after the read wakes the loop again. If a
        // change that was committed earlier does not fit into the read, the read is full and the loop continues anyway.
        poked = false;
        const { isFull, pauseMs } = await routeNext();
        pausing = isFull;
        const waitMs = isFull ? pauseMs : POLL_MS;
        if (waitMs > 0 && !poked && !stopped) await routing.sleep(waitMs);
        pausing = false;
        const left = since + READ_EVERY_MS - performance.now();
        if (!isFull && left > 0 && !stopped) await pause(left);
      } catch (error) {
        logFailure(log, error);
        if (!stopped) await routing.sleep(PAUSE_AFTER_FAULT_MS);
      }
    }
  };

  launcher.onAllStarted(() => {
    if (pausing) routing.wake();
  });
  const loops = [renewLoop(), routeLoop()];
  return {
    poke() {
      poked = true;
      routing.wake();
    },
    renew() {
      renewRequested = true;
      renewing.wake();
    },
    async stop() {
      stopped = true;
      routing.wake();
      renewing.wake();
      // Leases are released first, so that other workers can take the partitions at once. The batch in progress can
      // then no longer commit.
      await leases.release().catch(() => undefined);
      await Promise.all(loops);
      await deps.evaluations.close();
    },
  };
}

function logFailure(log: Logger, error: unknown): void {
  if (isDatabaseUnavailable(error))
    log.warn({ reason: messageOf(error) }, 'routing pauses until Postgres is reachable again');
  else log.error({ err: error }, 'failed to route changes; trying again');
}
