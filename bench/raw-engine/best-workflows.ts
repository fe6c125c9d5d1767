import { proxyLocalActivities } from '@temporalio/workflow';
import type { BestActivities } from './best-activities';

const { sendAll } = proxyLocalActivities<BestActivities>({ startToCloseTimeout: '10 seconds' });

/** Sends `effects` requests, one after another, in a single local activity. */
export async function sendRequestsAtBest(input: { url: string; run: string; effects: number }): Promise<void> {
  await sendAll(input);
}
