import { setTimeout as pause } from 'node:timers/promises';
import type { Executor } from '../../db/executor';
import { putBackStartable, takeStartable, type StartableRun } from '../../db/runs/start-queue';
import { inLanes } from '../in-lanes';
import type { RunSlots } from './run-slots';
import type { StartAttempts } from './start-attempts';

/** Maximum number of runs that are taken from the table at a time. */
const BATCH = 100;
/** Maximum number of concurrent calls to Temporal. */
const LANES = 40;
/** Milliseconds during which free slots are collected, so that one statement fills them. */
const GATHER_MS = 10;
/**
 * Time in milliseconds within which the admission of a waiting run is expected to commit. Until then, the run may be
 * missing from the table.
 */
const COMMIT_MS = 1_000;
/** Maximum number of automations whose last turn is remembered. */
const MAX_SERVED = 500;

/** Runs that wait in the table for a slot. */
export interface PendingRuns {
  /**
   * Returns whether runs of this automation may be waiting in the table. If so, its new runs must wait too, so that
   * runs start in order.
   */
  isWaiting(automationId: string): boolean;
  noteWaiting(automationId: string): void;
  /** Returns whether the table may contain runs that could start in a free slot. */
  isAny(): boolean;
  /** Starts as many runs as there are free slots. Returns true when there may be both more runs and more free slots. */
  sweep(): Promise<boolean>;
}

export function createPendingRuns(deps: {
  db: Executor;
  slots: RunSlots;
  attempts: StartAttempts;
  /** Called at the end of a sweep that leaves no run waiting, so that `isAny` returns false. */
  onAllStarted: () => void;
}): PendingRuns {
  const { db, slots, attempts, onAllStarted } = deps;
  /** For each automation, the last time at which a run was noted as waiting, in milliseconds of the monotonic clock. */
  const waiting = new Map<string, number>();
  /** Whether the last sweep may have left runs in the table because it used all free slots, or found none. */
  let backlog = false;
  /**
   * Automations in the order of their last turn. The order is kept between sweeps, because often only one slot becomes
   * free, and then only one automation has a turn.
   */
  const served = new Set<string>();

  const noteServed = (automationId: string): void => {
    served.delete(automationId);
    served.add(automationId);
    if (served.size > MAX_SERVED) served.delete([...served][0] ?? '');
  };

  /** Lets new runs of an automation start directly again once none of its runs waits in the table. */
  const forgetStarted = (inTable: ReadonlySet<string>, since: number): void => {
    for (const [automationId, at] of waiting)
      if (at < since - COMMIT_MS && !inTable.has(automationId)) waiting.delete(automationId);
  };

  return {
    isWaiting: (automationId) => waiting.has(automationId),
    noteWaiting: (automationId) => void waiting.set(automationId, performance.now()),
    isAny: () => backlog || waiting.size > 0,
    async sweep() {
      if (backlog || waiting.size > 0) await pause(GATHER_MS);
      const room = Math.min(BATCH, slots.free());
      if (room === 0) {
        backlog = true;
        return false;
      }
      const full = slots.full();
      const since = performance.now();
      const each = slots.share();
      const taken = await takeStartable(db, room, { served: [...served], full, each });
      const { runs } = taken;
      if (runs.length > 0) forgetStarted(taken.waiting, since);
      const unfinished = automationsWith(each, runs);
      for (const automationId of unfinished) waiting.set(automationId, since);
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
      if (runs.length === room || unfinished.length > 0) return true;
      attempts.noteDone();
      backlog = false;
      // All waiting runs were taken, except those of automations that have used their share of slots.
      for (const automationId of waiting.keys()) if (!full.includes(automationId)) waiting.delete(automationId);
      if (waiting.size === 0) onAllStarted();
      return false;
    },
  };
}

/**
 * Returns the automations from which `count` runs were taken, which is the maximum. More of their runs may be waiting.
 */
function automationsWith(count: number, runs: readonly StartableRun[]): string[] {
  const taken = new Map<string, number>();
  for (const { automationId } of runs) taken.set(automationId, (taken.get(automationId) ?? 0) + 1);
  return [...taken].flatMap(([automationId, number]) => (number >= count ? automationId : []));
}
