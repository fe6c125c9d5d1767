import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { HousekeepingActivities } from '../../domain/run/housekeeping';

const { applyRetention, preparePartitions, reconcileRuns } = proxyActivities<HousekeepingActivities>({
  startToCloseTimeout: '5 minutes',
  retry: { maximumAttempts: 3 },
});

/**
 * Called by a schedule every five minutes: reconciles rows with Temporal and keeps the tables bounded. Returns the
 * number of the round, which Temporal passes to the next one.
 */
export async function housekeeping(): Promise<{ round: number }> {
  const last = workflowInfo().lastResult as { round?: number } | null | undefined;
  // Absent in results of releases before.
  const { round = 0 } = await reconcileRuns({ before: last?.round ?? 0 });
  await preparePartitions();
  await applyRetention();
  return { round };
}
