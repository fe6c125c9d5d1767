import { startEngine, type Engine } from '../support/engine';
import { startReceiver, type Receiver } from '../support/receiver';
import { until } from '../support/until';

const HANGING = 200;
const QUICK = 20;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const automation = (name: string, url: string) => `
name: ${name}
mode: parallel
max_runs: 1000
triggers: [{ event: automation.event, config: { type: ${name} } }]
actions:
  - { action: integration-webhook.send, config: { url: "${url}/{{ trigger.payload.data.n }}" }, timeout_seconds: 5, retry: { max_attempts: 2 } }
`;

describe('200 events whose webhook hangs for 5 s', () => {
  let engine: Engine;
  let hanging: Receiver;
  beforeAll(async () => {
    [engine, hanging] = await Promise.all([startEngine(), startReceiver()]);
  }, 90_000);
  afterAll(async () => {
    await engine.close();
    await hanging.close();
  });

  it('do not hold up runs that call another origin', async () => {
    await engine.worker();
    hanging.answerWith(async (_received, response) => {
      await pause(4_500);
      response.end('ok');
    });
    await engine.save(automation('hanging', hanging.url));
    const quick = await engine.save(automation('quick', '$URL'));
    await engine.emit('hanging', { n: 0 }, { times: HANGING });
    await until('calls hang', () => hanging.received.length > 10, 60_000);
    const waited: number[] = [];
    for (let n = 0; n < QUICK; n += 1) {
      const began = Date.now();
      await engine.emit('quick', { n });
      await until('its effect', () => engine.receiver.received.some(({ path }) => path === `/${n}`), 60_000);
      waited.push(Date.now() - began);
      await pause(200);
    }
    // Generous: alone it is some 50 ms; behind the hanging calls it was 35 s.
    expect(waited.toSorted((one, other) => one - other)[Math.floor(QUICK * 0.9)]).toBeLessThan(5_000);
    expect((await engine.runs(quick)).map(({ status }) => status)).not.toContain('failed');
    const runs = await engine.ended(HANGING + QUICK, undefined, 180_000);
    expect(runs.filter(({ status }) => status !== 'success')).toEqual([]);
    expect(new Set(hanging.received.map(({ key }) => key)).size).toBe(HANGING);
  }, 300_000);
});
