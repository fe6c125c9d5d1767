import { CancellationScope, sleep } from '@temporalio/workflow';
import { takePosition } from './delivery-order';

/**
 * Returns a function that requests a new workflow task by starting a timer, which fires in that task. While a task is
 * requested, further requests have no effect. `deliver` receives the end of the timer.
 */
export function createTaskRequest(deliver: (position: number, take: () => void) => void): () => void {
  let isRequested = false;
  return () => {
    if (isRequested) return;
    isRequested = true;
    const scope = new CancellationScope({ cancellable: false });
    void scope
      .run(() => sleep(1, { summary: 'next workflow task' }))
      .then(() => deliver(takePosition(scope), () => void (isRequested = false)));
  };
}
