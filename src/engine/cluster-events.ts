import { messageOf } from '../domain/errors';
import { createEventWatcher } from '../integrations/kubernetes/events/event-watcher';
import type { LoopWatch } from './loop-watch';
import { createSweep, type Sweep } from './sweep';

/** Milliseconds between renewals of the leases on Kubernetes watches. */
const EVENT_WATCH_MS = 5_000;

/** Starts the loop that watches the Kubernetes clusters to whose events automations listen. */
export function startClusterEvents(deps: Parameters<typeof createEventWatcher>[0] & { watch: LoopWatch }): Sweep {
  const { log, watch } = deps;
  const watcher = createEventWatcher(deps);
  const sweep = createSweep({
    ...{ everyMs: EVENT_WATCH_MS, name: 'kubernetes-watches', watch },
    work: () => watcher.round().then(() => false),
    onError: (error) => log.warn({ reason: messageOf(error) }, 'failed to renew the watches of Kubernetes'),
  });
  return {
    poke() {
      watcher.poke();
      sweep.poke();
    },
    stop: () => sweep.stop().then(() => watcher.stop()),
  };
}
