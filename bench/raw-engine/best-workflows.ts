import { proxyLocalActivities } from '@temporalio/workflow';
import type { BestActivities } from './best-activities';

const { sendAll } = proxyLocalActivities<BestActivities>({ startToCloseTimeout: '10 seconds' });

/** Sends so many requests, one after another, all in one local activity. */
export async function sendRequestsAtBest(input: { url: string; run: string; effects: number }): Promise<void> {
  await sendAll(input);
}
