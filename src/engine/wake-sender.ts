import type { Database } from '../db/client';
import { takeWakes, type Wake } from '../db/runs/wait-states';
import { messageOf } from '../domain/errors';
import type { Logger } from '../log';
import { isTemporalUnavailable } from '../temporal/availability';
import type { RunStarter } from '../temporal/run-starter';
import type { LoopWatch } from './loop-watch';
import type { RunSlots } from './start/run-slots';
import { createSweep } from './sweep';

/** Maximum number of unanswered wakes that one statement takes. */
const BATCH = 100;
/** Maximum number of concurrent signals. */
const CONCURRENT = 20;

export interface WakeSender {
  /**
   * Sends the signal of a wake once, as soon as its run may continue. If the wake is not answered, the sweep sends it
   * again.
   */
  send(wake: Wake): void;
  /** Starts the sweep. Call it when there are unanswered wakes. */
  poke(): void;
  stop(): Promise<void>;
}

/**
 * Signals executions whose waits have been woken, and repeats each signal until the execution has checked its wait. A
 * lost signal does no harm: the wait's row records that it was woken.
 */
export function createWakeSender(deps: {
  database: Database;
  starter: () => RunStarter | null;
  /** Delays each signal until its run may continue. */
  slots: Pick<RunSlots, 'resume'>;
  failpoint: (name: string) => Promise<void> | void;
  log: Logger;
  watch?: LoopWatch | undefined;
}): WakeSender {
  const { database, starter, slots, failpoint, log } = deps;
  const queue: Wake[] = [];
  /**
   * Wakes that wait for their run, are queued, or are being sent. The sweep skips them, because a second signal could
   * reach a run that is already ending.
   */
  const pending = new Set<string>();
  const keyOf = ({ runId, path }: Wake): string => `${runId} ${path}`;
  const lanes = new Set<Promise<void>>();
  const stopped = new AbortController();

  const noteFailure = (error: unknown): void => {
    if (!isTemporalUnavailable(error)) log.warn({ reason: messageOf(error) }, 'failed to send wakes; trying again');
  };
  const lane = async (): Promise<void> => {
    for (let wake = queue.shift(); wake !== undefined; wake = queue.shift()) {
      // A crash here loses only the signal: the row states that the wait was woken, and the sweep of any worker signals
      // again.
      await failpoint('after-commit-before-signal');
      await starter()?.wake(wake).catch(noteFailure);
      pending.delete(keyOf(wake));
    }
  };
  const send = (wake: Wake): void => {
    if (stopped.signal.aborted || pending.has(keyOf(wake))) return;
    pending.add(keyOf(wake));
    void slots.resume(wake.runId, stopped.signal).then(() => sendNow(wake));
  };
  const sendNow = (wake: Wake): void => {
    if (stopped.signal.aborted) return;
    queue.push(wake);
    if (lanes.size >= CONCURRENT) return;
    const sending = lane().finally(() => lanes.delete(sending));
    lanes.add(sending);
  };
  const sweep = createSweep({
    everyMs: 'poked',
    name: 'wakes',
    watch: deps.watch,
    async work() {
      if (starter() === null) return false;
      const wakes = await takeWakes(database.db, BATCH);
      wakes.forEach(send);
      return wakes.length === BATCH;
    },
    onError: noteFailure,
  });
  return {
    send,
    poke: () => sweep.poke(),
    async stop() {
      stopped.abort();
      // Queued wakes are dropped and not sent: their rows stay unanswered, and another worker's sweep sends them.
      queue.length = 0;
      await Promise.all([sweep.stop(), ...lanes]);
    },
  };
}
