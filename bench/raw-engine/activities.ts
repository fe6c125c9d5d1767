import { request } from 'undici';

/** One request of a run, as the bare engine and the best possible engine send it. */
export interface RawRequest {
  url: string;
  run: string;
  step: number;
}

/** The only activity of the bare engine. */
export interface RawActivities {
  /** Posts `{run, step}`. A status other than 2xx makes the attempt fail. */
  send(input: RawRequest): Promise<void>;
}

/** Creates the simplest possible activity, which only sends the request. */
export function createRawActivities(): RawActivities {
  return {
    async send({ url, run, step }) {
      const response = await request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': `${run}/${step}` },
        body: JSON.stringify({ run, step }),
      });
      await response.body.dump();
      if (response.statusCode >= 300) throw new Error(`${url} answered ${response.statusCode}`);
    },
  };
}
