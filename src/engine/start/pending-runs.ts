import { setTimeout as pause } from 'node:timers/promises';
import type { Executor } from '../../db/executor';
import { putBackStartable, takeStartable } from '../../db/runs/start-queue';
import { inLanes } from '../in-lanes';
import type { RunSlots } from './run-slots';
import type { StartAttempts } from './start-attempts';

/** Maximum number of runs that are taken from the table at a time. */
const BATCH = 100;
/** Maximum number of concurrent calls to Temporal. */
const LANES = 40;
/** Slots that become free within this time are filled by one statement. */
const GATHER_MS = 10;
/** A run that was noted as waiting is in the table after this time. */
const ADMITTED_MS = 1_000;
/** Maximum number of automations whose last turn is remembered. */
const MAX_SERVED = 500;

/** Runs that wait in the table for a slot. */
export interface PendingRuns {
  /**
   * Returns whether runs of this automation wait in the table. New runs of it wait too, so that they start in order.
   */
  isWaiting(automationId: string): boolean;
  noteWaiting(automationId: string): void;
  /** Returns whether there may be runs in the table that a free slot could start. */
  isAny(): boolean;
  /** Starts as many runs as there are free slots. Returns whether there may be more runs, and free slots for them. */
  sweep(): Promise<boolean>;
}

export function createPendingRuns(deps: { db: Executor; slots: RunSlots; attempts: StartAttempts }): PendingRuns {
  const { db, slots, attempts } = deps;
  /** Automation → time at which a waiting run of it was last noted, in milliseconds since 1970. */
  const waiting = new Map<string, number>();
  /** Whether the last sweep left runs in the table for lack of slots. */
  let backlog = false;
  /** Automations in the order of their last turn. Slots become free one by one: each is a turn. */
  const served = new Set<string>();

  const noteServed = (automationId: string): void => {
    served.delete(automationId);
    served.add(automationId);
    if (served.size > MAX_SERVED) served.delete([...served][0] ?? '');
  };

  /** Lets new runs of an automation start directly once none of its runs waits in the table. */
  const forgetStarted = (inTable: ReadonlySet<string>, since: number): void => {
    for (const [automationId, at] of waiting)
      if (at < since - ADMITTED_MS && !inTable.has(automationId)) waiting.delete(automationId);
  };

  return {
    isWaiting: (automationId) => waiting.has(automationId),
    noteWaiting: (automationId) => void waiting.set(automationId, Date.now()),
    isAny: () => backlog || waiting.size > 0,
    async sweep() {
      if (backlog || waiting.size > 0) await pause(GATHER_MS);
      const room = Math.min(BATCH, slots.free());
      if (room === 0) return false;
      const full = slots.full();
      const since = Date.now();
      const taken = await takeStartable(db, room, { served: [...served], full, each: slots.share() });
      const { runs } = taken;
      if (runs.length > 0) forgetStarted(taken.waiting, since);
      for (const { automationId } of runs) noteServed(automationId);
      if (runs.length === room) backlog = true;
      for (const { id, automationId } of runs) slots.hold(id, automationId);
      const left: string[] = [];
      await inLanes(runs, LANES, async (run) => {
        if (left.length === 0 && (await attempts.attempt(run, []))) return;
        left.push(run.id);
        slots.release(run.id);
      });
      if (left.length > 0) {
        await putBackStartable(db, left);
        return false;
      }
      if (runs.length === room || runs.length >= slots.share()) return true;
      attempts.noteDone();
      backlog = false;
      // All waiting runs were taken, except those of automations that have used their share of slots.
      for (const automationId of waiting.keys()) if (!full.includes(automationId)) waiting.delete(automationId);
      return false;
    },
  };
}
