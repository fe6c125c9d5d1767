import type { Executor } from '../../db/executor';
import { getRun, isTerminal, stepsOf } from '../../db/run-queries';
import type { WebUi } from '../routes/run-schema';
import type { StreamConnection } from './connection';
import type { Feed } from './feed';
import { runEvent, stepEvent } from './stream-event';

interface FollowRunDeps {
  db: Executor;
  feed: Feed;
  webUi: WebUi;
}

/**
 * Tells a run and its steps as they are behind `after`, then as they change, and ends when the run has ended. Each change
 * makes it read the run again: what is told last is always the last state, whatever order rows were committed in.
 */
export async function followRun(
  deps: FollowRunDeps,
  open: () => StreamConnection,
  runId: string,
  after: number,
): Promise<void> {
  const { db, feed, webUi } = deps;
  const sent = new Set<number>();
  let connection: StreamConnection | undefined;
  let reading: Promise<void> | undefined;
  let again = false;

  const read = async (): Promise<void> => {
    do {
      again = false;
      // The run first: steps read after it are at least as new, so nothing is missing when it has ended.
      const run = await getRun(db, runId);
      const steps = await stepsOf(db, runId);
      const events = [...steps.map(stepEvent), ...(run === undefined ? [] : [runEvent(run, webUi)])];
      for (const event of events.sort((a, b) => a.seq - b.seq)) {
        if (event.seq > after && !sent.has(event.seq) && connection?.send(event)) sent.add(event.seq);
      }
      if (run === undefined || isTerminal(run.status)) connection?.end();
    } while (again);
  };
  const refresh = (): void => {
    again = true;
    // A read that fails is repeated at the next change; the heartbeat tells the reader that we are alive.
    reading ??= read()
      .catch(() => undefined)
      .finally(() => (reading = undefined));
  };

  const unsubscribe = await feed.subscribe((event) => {
    if (event.runId === runId) refresh();
  });
  try {
    connection = open();
    refresh();
    await connection.closed;
  } finally {
    unsubscribe();
  }
}
