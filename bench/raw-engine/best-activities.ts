import { createRawActivities } from './activities';
import type { RecordedRuns } from './recorded-runs';

/** The only activity of the best possible engine. */
export interface BestActivities {
  /** Sends all requests of a run. */
  sendAll(input: { url: string; run: string; effects: number }): Promise<void>;
}

export function createBestActivities(records?: RecordedRuns): BestActivities {
  const { send } = createRawActivities();
  return {
    async sendAll({ url, run, effects }) {
      await records?.begin(run);
      for (let step = 0; step < effects; step += 1) {
        if (step > 0) await records?.next(run, step);
        await send({ url, run, step });
      }
      await records?.end(run);
    },
  };
}
