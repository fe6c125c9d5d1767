import { proxyActivities } from '@temporalio/workflow';
import type { HousekeepingActivities } from '../../domain/run/housekeeping';

const { applyRetention, preparePartitions, reconcileRuns } = proxyActivities<HousekeepingActivities>({
  startToCloseTimeout: '5 minutes',
  retry: { maximumAttempts: 3 },
});

/** What a schedule calls every five minutes: keeps rows and Temporal in agreement, and the tables bounded. */
export async function housekeeping(): Promise<void> {
  await reconcileRuns();
  await preparePartitions();
  await applyRetention();
}
