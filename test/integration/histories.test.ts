import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { execFileSync } from 'node:child_process';
import type { History } from '@temporalio/common/lib/proto-utils';
import { projectRoot } from '../../src/project-root';
import { findTemporalCli } from '../../src/temporal/find-cli';
import { lazyClient } from '../../src/temporal/connect';
import { workflowBundle } from '../../src/temporal/worker';
import { startEngine, type Engine, type RunRow } from '../support/engine';
import { until } from '../support/until';

const EXAMPLES = join(projectRoot(), 'examples', 'automations');
const HISTORIES = join(projectRoot(), 'test', 'replay', 'histories');
/** `npm run record-histories` writes what is replayed in CI; otherwise the fresh histories are only replayed here. */
const RECORD = process.env['FERMATA_RECORD_HISTORIES'] === '1';

/** Everything the interpreter can do, besides what the examples do. */
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

describe('histories of real runs', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine();
    await engine.worker();
  }, 60_000);
  afterAll(() => engine.close());

  it('are replayed by the code that is here without a difference', async () => {
    const api = await engine.api();
    const names = new Map<string, string>();
    names.set(await engine.save(EVERY_KIND), 'every-kind');
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
    const histories = await fetchAll(engine, runs, names);
    expect(histories.length).toBeGreaterThanOrEqual(names.size);
    let replayed = 0;
    for await (const result of Worker.runReplayHistories({ workflowBundle: await workflowBundle() }, histories)) {
      expect(result.error).toBeUndefined();
      replayed += 1;
    }
    expect(replayed).toBe(histories.length);
    if (RECORD) for (const { workflowId, run } of histories) await record(engine, workflowId, run);
  }, 120_000);
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
  const event = { specversion: '1.0', id: '1', source: 'ci', type: 'com.example.deploy.finished', subject: 'checkout' };
  await send('/events', { ...event, data: { version: '1.2.3' } });
  await until('the deploy is remembered', async () =>
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

async function fetchAll(
  engine: Engine,
  runs: readonly RunRow[],
  names: ReadonlyMap<string, string>,
): Promise<{ workflowId: string; history: History; run: RunRow }[]> {
  const client = lazyClient(engine.temporal);
  const count = new Map<string, number>();
  const histories: { workflowId: string; history: History; run: RunRow }[] = [];
  for (const run of runs.filter(({ execution_run_id }) => execution_run_id !== null)) {
    const name = names.get(String(run['automation_id'])) ?? '';
    const n = (count.get(name) ?? 0) + 1;
    count.set(name, n);
    const handle = client.workflow.getHandle(run.workflow_id, run.execution_run_id ?? undefined);
    histories.push({ workflowId: `${name}-${n}`, history: await handle.fetchHistory(), run });
  }
  await client.connection.close();
  return histories;
}

/** As Temporal's own command line writes it, which is what people send in with a report. */
async function record(engine: Engine, name: string, run: RunRow): Promise<void> {
  const cli = await findTemporalCli({
    home: join(projectRoot(), '.fermata'),
    env: process.env,
    onProgress: () => undefined,
  });
  const { address, namespace } = engine.temporal;
  const which = ['--workflow-id', run.workflow_id, '--run-id', run.execution_run_id ?? ''];
  const args = ['workflow', 'show', '--address', address, '--namespace', namespace, ...which, '--output', 'json'];
  const history = execFileSync(cli, args, { maxBuffer: 1 << 26, encoding: 'utf8' });
  // Stack traces name files; where the project lay when they were recorded is nobody's business.
  writeFileSync(join(HISTORIES, `${name}.json`), history.replaceAll(`${projectRoot()}/`, './'));
}
