import type { Database } from '../db/client';
import { takeWakes } from '../db/runs/waits';
import { messageOf } from '../domain/errors';
import type { Logger } from '../log';
import { isTemporalAway } from '../temporal/availability';
import type { RunStarter } from '../temporal/run-starter';
import { Sleeper } from './sleeper';

const SWEEP_MS = 1_000;
const BATCH = 100;
/** Signals under way at a time. */
const CONCURRENT = 20;

export interface WakeSender {
  /** Waits were woken. */
  poke(): void;
  stop(): Promise<void>;
}

/** Signals the executions of waits that were woken, again until they have looked. The rows are the truth. */
export function createWakeSender(deps: {
  database: Database;
  starter: () => RunStarter | null;
  failpoint: (name: string) => Promise<void> | void;
  log: Logger;
}): WakeSender {
  const { database, starter, failpoint, log } = deps;
  const sleeper = new Sleeper();
  let stopped = false;
  let poked = false;

  const send = async (): Promise<void> => {
    for (;;) {
      const temporal = starter();
      if (!temporal) return;
      const wakes = await takeWakes(database.db, BATCH);
      if (wakes.length > 0) await failpoint('after-commit-before-signal');
      const queue = wakes.values();
      const lane = async (): Promise<void> => {
        for (const wake of queue) await temporal.wake(wake);
      };
      await Promise.all(Array.from({ length: CONCURRENT }, lane));
      if (wakes.length < BATCH) return;
    }
  };
  const loop = async (): Promise<void> => {
    while (!stopped) {
      poked = false;
      await send().catch((error: unknown) => {
        if (!isTemporalAway(error)) log.warn({ reason: messageOf(error) }, 'wakes could not be sent; trying again');
      });
      if (!stopped && !poked) await sleeper.sleep(SWEEP_MS);
    }
  };
  const running = loop();
  return {
    poke() {
      poked = true;
      sleeper.wake();
    },
    async stop() {
      stopped = true;
      sleeper.wake();
      await running;
    },
  };
}
