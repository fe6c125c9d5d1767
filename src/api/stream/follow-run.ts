import type { Executor } from '../../db/executor';
import { getRun, isTerminal, positionBelowNewestSteps, stepsAfter, type RunRow } from '../../db/run-queries';
import type { WebUi } from '../routes/run-schema';
import type { StreamConnection } from './connection';
import type { Feed } from './feed';
import { MAX_REPLAY } from './follow';
import { runEvent, stepEvent } from './stream-event';

const PAGE = 100;

interface FollowRunDeps {
  db: Executor;
  feed: Feed;
  webUi: WebUi;
}

/**
 * Sends the rows of a run and its steps that changed after position `after`, then every further change, and ends when
 * the run has ended. Rows are read again at each change, so the last event for a row always contains its latest state,
 * even if transactions commit out of order.
 */
export async function followRun(
  deps: FollowRunDeps,
  connection: StreamConnection,
  runId: string,
  after: number,
): Promise<void> {
  let settled = 0;
  let changed = false;
  const read = createRunReader(deps, connection, runId, after);
  const refresh = createRefresh(() => read(settled), connection);
  const subscription = await deps.feed.subscribe({
    event: (event) => void (changed ||= event.runId === runId),
    gap: (gap) => connection.gap(gap),
    settled(position) {
      settled = position;
      if (changed) refresh();
      changed = false;
    },
  });
  settled = subscription.settled;
  try {
    connection.begin(after);
    refresh();
    await connection.closed;
  } finally {
    subscription.end();
  }
}

/**
 * Returns a function that runs `work` unless the reader has disconnected. Calls while `work` is running share one
 * subsequent run.
 */
function createRefresh(work: () => Promise<void>, connection: StreamConnection): () => void {
  let running = false;
  let again = false;
  const run = async (): Promise<void> => {
    running = true;
    while (again && connection.isOpen) {
      again = false;
      // A failed read is repeated at the next change. Heartbeats keep the connection open.
      await work().catch(() => undefined);
    }
    running = false;
  };
  return () => {
    again = true;
    if (!running) void run();
  };
}

/**
 * Returns a function that sends new states of a run and its steps. Its argument `settled` is the position up to which
 * all rows are visible.
 */
function createRunReader({ db, webUi }: FollowRunDeps, connection: StreamConnection, runId: string, after: number) {
  /** Everything at or below this position was sent. */
  let cursor = after;
  let started = false;
  const sent = new Set<number>();

  const sendRun = (run: RunRow | undefined, settled: number): void => {
    if (run === undefined || run.seq <= cursor || sent.has(run.seq)) return;
    connection.send(runEvent(run, webUi), Math.max(cursor, Math.min(run.seq, settled)));
    sent.add(run.seq);
  };
  const start = async (): Promise<void> => {
    started = true;
    const oldest = await positionBelowNewestSteps(db, runId, MAX_REPLAY);
    if (oldest === undefined || oldest <= after) return;
    connection.gap({ after, until: oldest });
    cursor = oldest;
  };

  return async (settled: number): Promise<void> => {
    // Read the run first. Steps that are read later are at least as new, so none is missing when the run has ended.
    const run = await getRun(db, runId);
    if (!started) await start();
    let pending = run;
    for (let place = cursor; connection.isOpen;) {
      const steps = await stepsAfter(db, runId, place, PAGE);
      for (const step of steps) {
        if (!(await connection.ready())) return;
        if (pending !== undefined && pending.seq < step.seq) {
          sendRun(pending, settled);
          pending = undefined;
        }
        if (sent.has(step.seq)) continue;
        connection.send(stepEvent(step), Math.max(cursor, Math.min(step.seq, settled)));
        sent.add(step.seq);
      }
      place = steps.at(-1)?.seq ?? place;
      if (steps.length < PAGE) break;
    }
    sendRun(pending, settled);
    cursor = Math.max(cursor, settled);
    for (const seq of sent) if (seq <= cursor) sent.delete(seq);
    connection.settled(cursor);
    if (run === undefined || isTerminal(run.status)) connection.end();
  };
}
