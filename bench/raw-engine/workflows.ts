import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';
import type { RawActivities } from './activities';

const { send } = proxyActivities<RawActivities>({ startToCloseTimeout: '10 seconds' });

/** Sends so many requests, one after another, each in a normal activity. */
export async function sendRequests(input: { url: string; run: string; effects: number }): Promise<void> {
  for (let step = 0; step < input.effects; step += 1) await send({ url: input.url, run: input.run, step });
}

/** Looks at an event and finds nothing to do. */
export async function doNothing(): Promise<void> {
  // What the bare engine does for an event that nobody wants: a workflow that ends at once.
}

/** Sleeps until the signal `go` arrives, then ends. */
export async function waitForSignal(): Promise<void> {
  let isReleased = false;
  setHandler(defineSignal('go'), () => void (isReleased = true));
  await condition(() => isReleased);
}
