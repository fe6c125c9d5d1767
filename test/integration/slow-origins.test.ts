import { startEngine, type Engine } from '../support/engine';
import { startReceiver, type Receiver } from '../support/receiver';
import { until } from '../support/until';

const HANGING = 200;
const QUICK = 15;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Returns the 90th percentile. */
const p90 = (times: number[]) =>
  times.toSorted((one, other) => one - other)[Math.floor(times.length * 0.9)] ?? Infinity;

const automation = (name: string, url: string, timeoutSeconds: number) => `
name: ${name}
mode: parallel
max_runs: 1000
triggers: [{ event: automation.event, config: { type: ${name} } }]
actions:
  - action: integration-webhook.send
    config: { url: "${url}/{{ trigger.payload.data.n }}" }
    timeout_seconds: ${timeoutSeconds}
    retry: { max_attempts: 2 }
`;

describe('200 events whose webhook hangs for 4.5 s', () => {
  let engine: Engine;
  let hanging: Receiver;
  let sent = 0;
  beforeAll(async () => {
    [engine, hanging] = await Promise.all([startEngine(), startReceiver()]);
    await engine.worker();
    hanging.answerWith(async (_received, response) => {
      await pause(4_500);
      response.end('ok');
    });
  }, 270_000);
  afterAll(async () => {
    await engine.close();
    await hanging.close();
  });

  /** Sends several events one after another. Returns the milliseconds from each event to its effect. */
  async function latencies(type: string): Promise<number[]> {
    const times: number[] = [];
    for (let count = 0; count < QUICK; count += 1) {
      const n = (sent += 1);
      const began = Date.now();
      await engine.emit(type, { n });
      await until(
        'the event has its effect',
        () => engine.receiver.received.some(({ path }) => path === `/${n}`),
        60_000,
      );
      times.push(Date.now() - began);
      await pause(100);
    }
    return times;
  }

  // Calls with a timeout of up to 5 s are first tried inside the workflow task. Longer calls are normal activities from
  // the start.
  it.each([5, 8])(
    'do not delay runs that call another origin, with a timeout of %d s',
    async (timeoutSeconds) => {
      const [slow, fast] = [`hanging-${timeoutSeconds}`, `quick-${timeoutSeconds}`];
      const slowId = await engine.save(automation(slow, hanging.url, timeoutSeconds));
      const fastId = await engine.save(automation(fast, '$URL', timeoutSeconds));
      await latencies(fast);
      const alone = p90(await latencies(fast));
      const before = hanging.received.length;
      await engine.emit(slow, { n: 0 }, { times: HANGING });
      await until('calls hang', () => hanging.received.length > before + 10, 60_000);
      const during = p90(await latencies(fast));
      // Part `l` of the bench measures the delay. This test only detects runs that wait for the hanging calls (35 s).
      expect(during).toBeLessThan(Math.max(15_000, 5 * alone));
      const runs = await engine.ended(HANGING, slowId, 180_000);
      expect(runs.filter(({ status }) => status !== 'success')).toEqual([]);
      expect((await engine.ended(3 * QUICK, fastId, 60_000)).filter(({ status }) => status !== 'success')).toEqual([]);
      const keys = hanging.received.slice(before).map(({ key }) => key);
      expect(new Set(keys).size).toBe(HANGING);
    },
    300_000,
  );
});
