import type { Client } from '@temporalio/client';
import { ensureAuditMonths } from '../../db/audit';
import { emptyDefaultPartitions, ensureChangePartitions, ensureRoutingPartitions } from '../../db/day-partitions';
import type { Database } from '../../db/client';
import { noteDone } from '../../db/periodic-work';
import { applyRetention } from '../../db/retention';
import type { Retention } from '../../db/retention-task';
import type { Clock } from '../../domain/clock';
import type { Logger } from '../../log';
import type { HousekeepingActivities } from '../../domain/run/housekeeping';
import type { Registry } from '../../domain/registry/registry';
import { createReconcileRuns } from './reconcile-runs';

const DAYS_AHEAD = 7;
/** Name of the housekeeping row in `periodic_work`. */
const HOUSEKEEPING = 'housekeeping';

/** Creates the activities of the housekeeping workflow. */
export function createHousekeeping(deps: {
  client: () => Client | null;
  database: Database;
  taskQueue: string;
  retention: Retention;
  registry: Registry;
  clock: Clock;
  onRepaired: (count: number) => void;
  onRunsToStart: () => void;
  log: Logger;
}): HousekeepingActivities {
  const types = [...deps.registry.artifactTypes().values()];
  return {
    reconcileRuns: createReconcileRuns(deps),
    async applyRetention() {
      const removed = await applyRetention(deps.database, deps.retention, types, {
        onError: (table, error) => deps.log.error({ err: error, table }, 'retention of a table failed'),
      });
      // This is the last part of a round.
      await noteDone(deps.database.db, HOUSEKEEPING);
      return removed;
    },
    async preparePartitions() {
      await emptyDefaultPartitions(deps.database);
      await ensureChangePartitions(deps.database, { daysAhead: DAYS_AHEAD });
      await ensureRoutingPartitions(deps.database, { daysAhead: DAYS_AHEAD });
      await ensureAuditMonths(deps.database.db);
    },
  };
}
