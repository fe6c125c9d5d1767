import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { isDatabaseUnavailable } from '../../src/db/availability';
import { startActivityBench, type ActivityBench, type Fault } from './activities';

/** `CALL` is a step that calls a provider. `WRITE` is a step that writes a row to Fermata's own database. */
export const CALL = { action: 'probe.call', config: { text: 'hello' } };
export const WRITE = { action: 'probe.write', config: { text: 'hello' } };
/** The error that another process recorded for a run or step. */
export const ELSEWHERE = { code: 'elsewhere', message: 'by another attempt' };
export const NORMAL = { isLocal: false };

/** Starts a bench whose `probe.write` inserts a row into the table `effects`. */
export async function startProbes(): Promise<ActivityBench> {
  const bench = await startActivityBench();
  await bench.database.pool.query('create table effects (run_id uuid not null)');
  return bench;
}

/** Makes both probes succeed, and clears the recorded calls. */
export function resetProbes({ probe }: ActivityBench): void {
  probe.calls.length = 0;
  probe.call = () => Promise.resolve({ output: { sent: true } });
  probe.write = async ({ tx, run }) => {
    await tx.execute(sql`insert into effects values (${run.id})`);
    return { output: { written: true } };
  };
}

/** Returns how many times `probe.write` took effect in a run. */
export const effectsOf = async ({ database }: ActivityBench, runId: string): Promise<number | null> =>
  (await database.pool.query('select 1 from effects where run_id = $1', [runId])).rowCount;

/**
 * Makes an attempt, and repeats it while it fails with `attempt_superseded`, as Temporal would. Attempt numbers start
 * at 2.
 */
export async function retrySuperseded<R>(attempt: (no: number) => Promise<R>): Promise<R> {
  for (let no = 2; ; no += 1) {
    try {
      return await attempt(no);
    } catch (error) {
      if ((error as { type?: unknown }).type !== 'attempt_superseded') throw error;
      await pause(500);
    }
  }
}

/**
 * Calls `work` twice for each statement of an activity, with a fault before and with a fault after the statement.
 * `work` must use a new run each time. It returns `past the last one` if the activity has fewer statements.
 */
export async function atEachFault(work: (fault: Fault) => Promise<'reached' | 'past the last one'>): Promise<void> {
  for (const when of ['before', 'after'] as const) {
    let at = 1;
    while ((await work({ at, when })) === 'reached') at += 1;
    expect(at).toBeGreaterThan(1);
  }
}

/** Calls an activity with a fault. Returns whether the activity failed, and whether it reached the faulty statement. */
export async function withFault(
  bench: ActivityBench,
  fault: Fault,
  work: (activities: ReturnType<ActivityBench['activities']>) => Promise<unknown>,
): Promise<{ failed: boolean; reached: boolean }> {
  const activities = bench.activities(fault);
  const failure = await bench
    .run(() => work(activities), NORMAL)
    .then(
      () => null,
      (error: unknown) => error as Error,
    );
  if (failure !== null && !isDatabaseUnavailable(failure)) throw failure;
  return { failed: failure !== null, reached: activities.statements() >= fault.at };
}
