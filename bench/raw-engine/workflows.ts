import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';
import type { RawActivities } from './activities';

const { send } = proxyActivities<RawActivities>({ startToCloseTimeout: '10 seconds' });

/** Sends `effects` requests, one after another, each in a normal activity. */
export async function sendRequests(input: { url: string; run: string; effects: number }): Promise<void> {
  for (let step = 0; step < input.effects; step += 1) await send({ url: input.url, run: input.run, step });
}

/** Does nothing, like a workflow that evaluates an event which matches no automation. */
export async function doNothing(): Promise<void> {
  // The workflow only has to start and end.
}

/** Waits for the signal `go`, then ends. */
export async function waitForSignal(): Promise<void> {
  let isReleased = false;
  setHandler(defineSignal('go'), () => void (isReleased = true));
  await condition(() => isReleased);
}
