import { proxyLocalActivities, sleep } from '@temporalio/workflow';
import type { DwellActivities, DwellInput } from '../../domain/gates/dwell-messages';

const { fireDwell } = proxyLocalActivities<DwellActivities>({
  startToCloseTimeout: '20 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
});

/** Maximum number of rounds. Work that is left is done by the sweep over the rows. */
const ROUNDS = 200;

/**
 * Fires one dwell (`for:`) when it is due. The workflow is started with a delay, so that it costs nothing until the
 * deadline. Then the row decides whether the dwell fires.
 */
export async function dwell({ dwellId }: DwellInput): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const answer = await fireDwell(dwellId);
    if (answer.done) return;
    await sleep(answer.againInMs);
  }
}
