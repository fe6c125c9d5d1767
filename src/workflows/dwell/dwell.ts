import { proxyLocalActivities, sleep } from '@temporalio/workflow';
import type { DwellActivities, DwellInput } from '../../domain/gates/dwell-messages';

const { fireDwell } = proxyLocalActivities<DwellActivities>({
  startToCloseTimeout: '20 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
});

/** Maximum number of rounds. After that, the sweep over the rows fires the dwell. */
const ROUNDS = 200;

/**
 * Fires one dwell (`for:`) when it is due. The workflow is started with a delay, so that it costs nothing until the
 * deadline. At the deadline, the row decides whether the dwell fires.
 */
export async function dwell({ dwellId }: DwellInput): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const answer = await fireDwell(dwellId);
    if (answer.done) return;
    await sleep(answer.againInMs);
  }
}
