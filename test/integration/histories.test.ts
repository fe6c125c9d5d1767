import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../src/project-root';
import { rerun } from '../support/rerun';
import { startEngine, type Engine } from '../support/engine';
import { replayRuns } from '../support/histories';
import { until } from '../support/until';

const EXAMPLES = join(projectRoot(), 'examples', 'automations');
/** Uses every feature of the interpreter that the examples do not use. */
const EVERY_KIND = `
name: Every kind
mode: parallel
triggers: [{ event: automation.event, config: { type: every.kind } }]
actions:
  - variables: { n: "{{ trigger.payload.data.n }}" }
  - sequence:
      - { action: automation.log, config: { message: in a group }, enabled: variables.n == 1 }
      - { action: integration-webhook.send, config: { url: "$URL/flaky" }, retry: { initial_seconds: 0.2 } }
  - { action: integration-webhook.send, config: { url: "$URL/gone" }, continue_on_error: true }
  - { action: integration-webhook.send, config: { url: "$URL/long", timeout: 20000 } }
  - choose:
      - { when: variables.n == 1, sequence: [{ delay: { seconds: 1 } }] }
      - { when: variables.n == 2, sequence: [{ stop: { reason: two is too much, error: true } }] }
    else:
      - condition: variables.n == 3
  - parallel:
      - repeat:
          for_each: "['a', 'b']"
          sequence:
            - condition: repeat.index == 0
            - { action: integration-webhook.send, config: { url: "$URL/{{ repeat.item }}" } }
      - sequence: [{ delay: { seconds: 1 } }, { variables: { side: 1 } }]
      - { action: integration-webhook.send, config: { url: "$URL/gone" } }
    continue_on_error: true
  - wait_until: { condition: "1 == 1" }
  - wait_until: { condition: "now == 'never'", timeout_seconds: 1 }
  - wait_for_trigger: { event: automation.event, config: { type: never }, timeout_seconds: 1, continue_on_timeout: true }
  - repeat: { until: repeat.index == 1, sequence: [{ variables: { n: "{{ repeat.index }}" } }] }
  - { action: automation.emit_event, config: { type: done }, enabled: false }
on_failure:
  - { action: integration-webhook.send, config: { url: "$URL/failed" } }
`;

/** Contains one wait of each kind. The waits of its runs end in different ways: see `waits`. */
const WAITS = `
name: Every wait
mode: parallel
triggers: [{ event: automation.event, config: { type: every.wait } }]
actions:
  - parallel:
      - wait_until: { condition: 'state.deployment[trigger.payload.data.n].done == true', timeout_seconds: 60, continue_on_timeout: false }
      - repeat: { count: 3, sequence: [{ delay: { seconds: 0.2 } }] }
  - wait_for_trigger: { event: automation.event, config: { type: every.answer }, context_key: "{{ trigger.payload.data.n }}", timeout_seconds: 3 }
  - { action: integration-webhook.send, config: { url: "$URL/{{ wait.trigger.payload.data.to }}" } }
on_failure:
  - { action: automation.log, config: { message: a wait failed } }
`;

describe('histories of real runs', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine();
    await engine.worker({ FERMATA_CONTINUE_AFTER: '40' });
  }, 180_000);
  afterAll(() => engine.close());

  it('are replayed by the current code without a difference', async () => {
    const api = await engine.api();
    const names = new Map<string, string>();
    names.set(await engine.save(EVERY_KIND), 'every-kind');
    names.set(await engine.save(WAITS), 'every-wait');
    for (const file of readdirSync(EXAMPLES)) {
      const yaml = readFileSync(join(EXAMPLES, file), 'utf8')
        .replaceAll('http://127.0.0.1:9099', '$URL')
        .replaceAll('{ minutes: 15 }', '{ seconds: 1 }');
      names.set(await engine.save(yaml), file.replace('.yaml', ''));
    }
    let flaky = 0;
    engine.receiver.answerWith(({ path }, response) => {
      const status = path === '/flaky' && flaky++ % 2 === 0 ? 503 : path === '/gone' ? 410 : 200;
      response.writeHead(status).end();
    });
    await drive(engine, api);
    const runs = await until(
      'every example has run',
      async () => {
        const all = await engine.runs();
        const seen = new Set(all.map((run) => names.get(String(run['automation_id']))));
        const open = all.some(({ status }) => ['pending', 'running', 'waiting'].includes(status));
        return !open && seen.size === names.size && all;
      },
      60_000,
    );
    expect(await replayRuns(engine, runs, names)).toBeGreaterThanOrEqual(names.size);
    for (const end of ['refused', 'cancelled'] as const) {
      const ofExamples = runs.filter((run) => !names.get(String(run['automation_id']))?.startsWith('every-'));
      const again = await rerun(engine, api, ofExamples, end);
      const named = new Map([...names].map(([id, name]) => [id, `${name}-${end}`]));
      await replayRuns(engine, again, named);
    }
  }, 720_000);
});

async function drive(engine: Engine, api: { url: string }): Promise<void> {
  const send = async (path: string, body: unknown) => {
    const response = await engine.post(api, path, body);
    if (response.status !== 202) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  };
  const payload = (name: string): unknown =>
    JSON.parse(readFileSync(join(projectRoot(), 'examples', 'payloads', name), 'utf8'));
  await fetch(`${api.url}/api/v1/entity-kinds/deployment`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', authorization: engine.authorization },
    body: JSON.stringify({ schema: { type: 'object' } }),
  });
  for (const n of [1, 2, 3, 4]) await engine.emit('every.kind', { n });
  await waits(engine, api);
  const event = { specversion: '1.0', id: '1', source: 'ci', type: 'com.example.deploy.finished', subject: 'checkout' };
  await send('/events', { ...event, data: { version: '1.2.3' } });
  await until('the deployment is recorded', async () =>
    (await engine.runs()).some(({ status, context_key }) => status === 'success' && context_key === 'checkout'),
  );
  await send('/ingest/alertmanager', payload('alertmanager-firing.json'));
  const result = (status: string) => ({ systemId: 'search', configurationId: 'http', status });
  for (let n = 0; n < 8; n += 1) {
    await send('/ingest/health', {
      results: [{ systemId: 'search', configurationId: 'dns', status: 'healthy' }, result('unhealthy')],
    });
    await send('/ingest/health', result('healthy'));
  }
  await send('/ingest/alertmanager', payload('alertmanager-resolved.json'));
}

/**
 * Starts four runs of `WAITS`. Two receive answers, and one of these fails in its last step. The third run times out.
 * The fourth run is cancelled during its first wait.
 */
async function waits(engine: Engine, api: { url: string }): Promise<void> {
  for (const n of ['ok', 'gone', 'unanswered', 'cancelled']) await engine.emit('every.wait', { n });
  const waiting = async () =>
    (await engine.database.pool.query(`select run_id, scope from waits where kind = 'wait_until'`)).rows;
  await until('all of them wait', async () => (await waiting()).length === 4);
  const [cancelled] = (await engine.runs()).filter(({ trigger_scope: scope }) =>
    JSON.stringify(scope).includes('"cancelled"'),
  );
  await engine.post(api, `/runs/${cancelled?.id ?? ''}/cancel`, {});
  for (const n of ['ok', 'gone', 'unanswered']) {
    await fetch(`${api.url}/api/v1/entities/deployment/${n}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', authorization: engine.authorization },
      body: JSON.stringify({ done: true }),
    });
  }
  await until('three of them wait for an answer', async () => {
    const { rowCount } = await engine.database.pool.query(`select 1 from waits where kind = 'wait_for_trigger'`);
    return rowCount === 3;
  });
  for (const n of ['ok', 'gone']) await engine.emit('every.answer', { to: n }, { subject: n });
}
