import type { Client } from '@temporalio/client';
import type { Database } from '../../db/client';
import type { RunSource } from '../../db/runs/run-source';
import type { Clock } from '../../domain/clock';
import { createFindStuckRuns, FIND_STUCK_RUNS } from './find-stuck-runs';
import { createReconcileClosed, RECONCILE_CLOSED } from './reconcile-closed';

/** Work that a single worker does at regular intervals. */
export interface PeriodicWork {
  name: string;
  everySeconds: number;
  work: () => Promise<void>;
}

/** Creates the periodic work that is too frequent for the housekeeping workflow. */
export function createPeriodicWork(deps: {
  client: () => Client | null;
  database: Database;
  taskQueue: string;
  clock: Clock;
  sourceOf: (runId: string) => Promise<RunSource>;
  onRepaired: (count: number) => void;
  onRunsToStart: () => void;
}): PeriodicWork[] {
  return [
    { name: RECONCILE_CLOSED, everySeconds: 10, work: createReconcileClosed(deps) },
    { name: FIND_STUCK_RUNS, everySeconds: 30, work: createFindStuckRuns(deps) },
  ];
}
