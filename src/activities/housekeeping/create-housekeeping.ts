import type { Client } from '@temporalio/client';
import { ensureChangePartitions } from '../../db/change-partitions';
import type { Database } from '../../db/client';
import { applyRetention, type Retention } from '../../db/retention';
import type { HousekeepingActivities } from '../../domain/run/housekeeping';
import { createReconcileRuns } from './reconcile-runs';

const DAYS_AHEAD = 7;

/** Everything that the housekeeping workflow calls. */
export function createHousekeeping(deps: {
  client: () => Client | null;
  database: Database;
  retention: Retention;
  onRepaired: (count: number) => void;
  onRunsToStart: () => void;
}): HousekeepingActivities {
  return {
    reconcileRuns: createReconcileRuns(deps),
    applyRetention: () => applyRetention(deps.database, deps.retention),
    async preparePartitions() {
      await ensureChangePartitions(deps.database, { daysAhead: DAYS_AHEAD });
    },
  };
}
