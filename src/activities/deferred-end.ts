import { isDatabaseUnavailable } from '../db/availability';
import type { Database } from '../db/client';
import { beginSent, endAndBeginSent, type StepEnd } from '../db/runs/step-states';
import type { CommandOutcome, StepOutcome, Stretched } from '../domain/run/activities';
import type { PrecedingWrite } from './preceding-write';

/**
 * Milliseconds after which the end of a step is written even if the next call has not been prepared. The shorter this
 * time, the fewer calls are repeated when a worker dies.
 */
const DEFER_MS = 20;

/** The end of a call that was answered. It is written with the beginning of the next call, or before anything else. */
export interface DeferredEnd extends PrecedingWrite {
  readonly path: string;
  /**
   * Writes the end if it has not been written. Returns the outcome of the step if something else has ended the step or
   * the run, or if Postgres has refused the end. Otherwise, returns null.
   */
  settle(): Promise<StepOutcome | null>;
}

/**
 * Defers the end of a step until the next step is about to be carried out, but at most for `DEFER_MS`. `write` writes the
 * end on its own. It returns null, or the outcome of the step if this is another one.
 */
export function deferEnd({ db }: Database, end: StepEnd, write: () => Promise<StepOutcome | null>): DeferredEnd {
  let settled: Promise<StepOutcome | null> | undefined;
  const settle = (): Promise<StepOutcome | null> => {
    clearTimeout(timer);
    settled ??= write().catch((error: unknown) => {
      settled = undefined;
      throw error;
    });
    return settled;
  };
  // If this write fails, the next use of the end repeats it.
  const timer = setTimeout(() => void settle().catch(() => {}), DEFER_MS);
  const make = async () => (await settle()) === null;
  return {
    path: end.path,
    mayBeRead: true,
    settle,
    make,
    async begin(names, key, config) {
      clearTimeout(timer);
      const endAndBegin = () => endAndBeginSent(db, end, names, key, config).catch(falseIfRefused);
      // If the connection broke while the statement was being committed, a repeated statement waits for that commit but
      // does not see its step. The next one does.
      if (settled === undefined && ((await endAndBegin()) || (await endAndBegin()))) {
        settled = Promise.resolve(null);
        return true;
      }
      return (await make()) && beginSent(db, names, key, config);
    },
  };
}

/** Returns false if Postgres has refused a statement. Each of its two steps is then written on its own. */
function falseIfRefused(error: unknown): false {
  if (isDatabaseUnavailable(error)) throw error;
  return false;
}

/**
 * Writes the end of the last step of a stretch if it is still deferred. Returns the outcomes of the stretch. If a step
 * had another outcome than the stretch assumed, the stretch ends with this outcome.
 */
export async function settleStretch(end: DeferredEnd | null, stretched: Stretched): Promise<Stretched> {
  const performed = (await end?.settle()) ?? null;
  if (end === null || performed === null) return stretched;
  const isOfEnd = (each: CommandOutcome) => 'performed' in each && each.at === end.path;
  return {
    done: [...stretched.done.slice(0, stretched.done.findLastIndex(isOfEnd)), { at: end.path, performed }],
    ended: false,
  };
}
