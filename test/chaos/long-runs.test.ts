import { sql } from 'drizzle-orm';
import { startEngine, type Engine } from '../support/engine';
import { until } from '../support/until';

const ITERATIONS = Number(process.env['FERMATA_CHAOS_ITERATIONS'] ?? 20_000);
const WAKES = Number(process.env['FERMATA_CHAOS_WAKES'] ?? 30_000);
/** Maximum number of concurrent entity writes. */
const WRITERS = 8;

describe('a very long run', () => {
  let engine: Engine;
  let url: string;
  beforeAll(async () => {
    engine = await startEngine();
    url = (await engine.api({ FERMATA_RATE_LIMIT: '1000000' })).url;
    await engine.worker();
    await put('/entity-kinds/lamp', { schema: { type: 'object' } });
  }, 60_000);
  afterAll(() => engine.close());

  const put = async (path: string, body: unknown) => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', authorization: engine.authorization },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    await answer.arrayBuffer();
  };

  it('repeats 20,000 times while another branch waits, and then continues with the variables of the loop', async () => {
    const [outer, inner] = [Math.ceil(ITERATIONS / 1_000), Math.min(ITERATIONS, 1_000)];
    const id = await engine.save(`
name: Long
triggers: [{ event: automation.event, config: { type: long } }]
variables: { n: 0 }
actions:
  - parallel:
      - repeat:
          count: ${outer}
          sequence:
            - repeat:
                count: ${inner}
                sequence:
                  - variables: { n: "{{ variables.n + 1 }}" }
      - wait_until: { condition: 'state.lamp.month.status == "on"', timeout_seconds: 2592000, continue_on_timeout: false }
  - { action: integration-webhook.send, config: { url: "$URL/{{ variables.n }}" } }
`);
    await engine.emit('long');
    await until(
      'all iterations have ended',
      async () => {
        const [run] = await engine.runs(id);
        if (run && !['pending', 'running', 'waiting'].includes(run.status)) throw new Error(JSON.stringify(run.error));
        const { rows } = await engine.database.db.execute<{ n: number }>(
          sql`select count(*)::int as n from run_steps where run_id = ${run?.id ?? null} and kind = 'variables' and status = 'success'`,
        );
        return rows[0]?.n === outer * inner;
      },
      1_200_000,
    );
    await put('/entities/lamp/month', { status: 'on' });
    const [run] = await engine.ended(1, id, 60_000);
    expect(run).toMatchObject({ status: 'success' });
    expect(engine.receiver.received.map(({ path }) => path)).toEqual([`/${outer * inner}`]);
  }, 1_500_000);

  it('receives 30,000 wakes and continues until it has read the last value', async () => {
    const id = await engine.save(`
name: Woken
triggers: [{ event: automation.event, config: { type: woken } }]
variables: { seen: 0 }
actions:
  - repeat:
      until: variables.seen >= ${WAKES}
      max_iterations: 10000
      sequence:
        - wait_until: { condition: 'state.lamp.woken.n > variables.seen', timeout_seconds: 600, continue_on_timeout: false }
        - variables: { seen: "{{ state.lamp.woken.n }}" }
  - { action: integration-webhook.send, config: { url: "$URL/seen/{{ variables.seen }}" } }
`);
    await put('/entities/lamp/woken', { n: 0 });
    await engine.emit('woken');
    await until('it waits', async () => (await engine.runs(id))[0]?.status === 'waiting');
    let next = 0;
    const writer = async () => {
      while (next < WAKES) {
        next += 1;
        await put('/entities/lamp/woken', { n: next });
      }
    };
    await Promise.all(Array.from({ length: WRITERS }, writer));
    await put('/entities/lamp/woken', { n: WAKES });
    const [run] = await engine.ended(1, id, 120_000);
    expect(run).toMatchObject({ status: 'success' });
    expect(engine.receiver.received.map(({ path }) => path)).toContain(`/seen/${WAKES}`);
  }, 1_500_000);
});
