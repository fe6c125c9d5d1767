import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { HousekeepingActivities } from '../../domain/run/housekeeping';

const { applyRetention, preparePartitions, reconcileRuns } = proxyActivities<HousekeepingActivities>({
  startToCloseTimeout: '5 minutes',
  retry: { maximumAttempts: 3 },
});

/**
 * Reconciles rows with Temporal and limits the size of the tables. A schedule starts this workflow every five minutes.
 * Returns the number of the round, which Temporal passes to the next round.
 */
export async function housekeeping(): Promise<{ round: number }> {
  const last = workflowInfo().lastResult as { round?: number } | null | undefined;
  // The results of older releases have no `round`.
  const { round = 0 } = await reconcileRuns({ before: last?.round ?? 0 });
  await preparePartitions();
  await applyRetention();
  return { round };
}
