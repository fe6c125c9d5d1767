import { createRawActivities } from './activities';

/** The only activity of the best possible engine. */
export interface BestActivities {
  /** Sends all requests of a run. */
  sendAll(input: { url: string; run: string; effects: number }): Promise<void>;
}

export function createBestActivities(): BestActivities {
  const { send } = createRawActivities();
  return {
    async sendAll({ url, run, effects }) {
      for (let step = 0; step < effects; step += 1) await send({ url, run, step });
    },
  };
}
