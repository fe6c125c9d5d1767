import type { Client } from '@temporalio/client';
import { emptyDefaultPartitions, ensureChangePartitions, ensureRoutingPartitions } from '../../db/day-partitions';
import type { Database } from '../../db/client';
import { applyRetention, type Retention } from '../../db/retention';
import type { Clock } from '../../domain/clock';
import type { Logger } from '../../log';
import type { HousekeepingActivities } from '../../domain/run/housekeeping';
import type { Registry } from '../../domain/registry/registry';
import { createReconcileRuns } from './reconcile-runs';

const DAYS_AHEAD = 7;

/** Activities of the housekeeping workflow. */
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
  const identities = Object.fromEntries(types.flatMap(({ id, identity }) => (identity ? [[id, identity]] : [])));
  return {
    reconcileRuns: createReconcileRuns(deps),
    applyRetention: () =>
      applyRetention(deps.database, deps.retention, identities, {
        onError: (table, error) => deps.log.error({ err: error, table }, 'retention of a table failed'),
      }),
    async preparePartitions() {
      await emptyDefaultPartitions(deps.database);
      await ensureChangePartitions(deps.database, { daysAhead: DAYS_AHEAD });
      await ensureRoutingPartitions(deps.database, { daysAhead: DAYS_AHEAD });
    },
  };
}
