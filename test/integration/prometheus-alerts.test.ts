import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sandboxProblem } from '../../src/integrations/script/sandbox';
import { startEngine, type Engine } from '../support/engine';
import {
  describeWithPrometheus,
  startAlertmanager,
  startPrometheus,
  type MonitoringServer,
} from '../support/prometheus';
import type { FermataProcess } from '../support/process';
import { until } from '../support/until';

type Fields = Record<string, unknown>;

const RUNBOOK = 'https://runbooks.example.org/disk';
const RULES = `groups:
  - name: disks
    rules:
      - alert: DiskFull
        expr: disk_used_percent > 90
        labels: { severity: critical, env: prod }
        annotations:
          summary: '{{ $value }} % of {{ $labels.mount }} used on {{ $labels.instance }}'
          runbook_url: ${RUNBOOK}
`;

/** Uses a real Prometheus and, as in production, two Alertmanagers that both send the same alert. */
describeWithPrometheus('an automation for a rule of a real Prometheus, with two real Alertmanagers', () => {
  let engine: Engine;
  let api: FermataProcess & { url: string };
  let exporter: Server;
  const servers: MonitoringServer[] = [];
  /** The values that the exporter reports, by mount point. */
  const used = new Map<string, number>();

  beforeAll(async () => {
    engine = await startEngine();
    const sandbox = { FERMATA_SCRIPT_SANDBOX: (await sandboxProblem()) === null ? 'bubblewrap' : 'none' };
    api = await engine.api(sandbox);
    await engine.worker(sandbox);
    exporter = createServer((_, response) => {
      const lines = [...used].map(([mount, percent]) => `disk_used_percent{mount="${mount}"} ${percent}\n`);
      response.setHeader('content-type', 'text/plain; version=0.0.4').end(lines.join(''));
    });
    await new Promise<void>((resolve) => exporter.listen(0, '127.0.0.1', resolve));
    const webhook = `${api.url}/api/v1/ingest/alertmanager`;
    const token = engine.authorization.replace('Bearer ', '');
    const alertmanagers = await Promise.all([
      startAlertmanager({ webhook, token }),
      startAlertmanager({ webhook, token }),
    ]);
    servers.push(...alertmanagers);
    const target = `127.0.0.1:${(exporter.address() as AddressInfo).port}`;
    servers.push(await startPrometheus({ rules: RULES, target, alertmanagers }));
  }, 540_000);
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    exporter.closeAllConnections();
    exporter.close();
    await engine.close();
  });

  const automation = (mount: string, pager: string, timeoutSeconds: number) => `
name: Clean up ${mount}
triggers:
  - event: alert.fired
    config: { matchers: ['alertname="DiskFull"', 'env="prod"', 'mount="${mount}"'] }
mode: single
concurrency_scope: context_key
actions:
  - id: clean
    action: integration-script.run_shell
    config: { script: 'echo "cleaning $FERMATA_TRIGGER_PAYLOAD_LABELS_MOUNT"' }
    continue_on_error: true
  - wait_until:
      condition: 'state.alert[trigger.payload.fingerprint].status == "resolved"'
      timeout_seconds: ${timeoutSeconds}
      continue_on_timeout: true
  - choose:
      - when: "!wait.completed"
        sequence:
          - action: notification.send
            config:
              channel: ${pager}
              title: "Disk still full on {{ trigger.payload.labels.mount }}"
              body: "{{ trigger.payload.runbookUrl }}"
`;
  const pager = async (name: string) => {
    const connection = { name, type: 'webhook', config: { baseUrl: `${engine.receiver.url}/${name}` } };
    return String((await engine.call(api, 'POST', '/connections', connection))['id']);
  };
  const pages = (name: string) => engine.receiver.received.filter(({ path }) => path === `/${name}`);
  const alertOf = async (mount: string): Promise<Fields> => {
    const query = encodeURIComponent(`mount="${mount}"`);
    const { items } = (await engine.call(api, 'GET', `/alerts?matchers=${query}`)) as { items: Fields[] };
    return items[0] ?? {};
  };

  test('runs the script, waits until the alert is resolved, and pages nobody', async () => {
    const id = await engine.save(automation('/var', await pager('quiet'), 120));
    used.set('/var', 95);
    await until(
      'the run waits',
      async () => (await engine.runs(id)).some(({ status }) => status === 'waiting'),
      60_000,
    );
    const [waiting] = await engine.runs(id);
    const [script] = await engine.steps(waiting?.id ?? '');
    expect(script).toMatchObject({ status: 'success', result: { stdout: 'cleaning /var\n', exitCode: 0 } });
    used.set('/var', 10);
    const [run, ...more] = await engine.ended(1, id, 60_000);
    // Both Alertmanagers repeat the group every second, but there is still only one run.
    expect(more).toEqual([]);
    expect(run).toMatchObject({ status: 'success' });
    expect(pages('quiet')).toEqual([]);
    expect(await alertOf('/var')).toMatchObject({ status: 'resolved', endedBy: 'sender', runbookUrl: RUNBOOK });
  }, 540_000);

  test('pages with the link to the runbook if the alert is not resolved in time', async () => {
    const id = await engine.save(automation('/data', await pager('loud'), 3));
    used.set('/data', 99);
    const [run, ...more] = await engine.ended(1, id, 90_000);
    expect(more).toEqual([]);
    expect(run).toMatchObject({ status: 'success' });
    const [page, ...others] = pages('loud');
    expect(others).toEqual([]);
    expect(JSON.parse(page?.body ?? '{}')).toMatchObject({ title: 'Disk still full on /data', body: RUNBOOK });
    const detail = (await engine.call(api, 'GET', `/alerts/${run?.context_key ?? ''}`)) as { runs: Fields[] };
    expect(detail.runs).toMatchObject([{ id: run?.id, automationName: 'Clean up /data', status: 'success' }]);
  }, 540_000);

  test('runs again for the new episode when the alert fires again', async () => {
    const id = await engine.save(automation('/srv', await pager('again'), 120));
    for (const count of [1, 2]) {
      used.set('/srv', 97);
      await until(
        `run ${count} waits`,
        async () => (await engine.runs(id)).filter(({ status }) => status === 'waiting').length === 1,
        60_000,
      );
      used.set('/srv', 5);
      await engine.ended(count, id, 60_000);
    }
    expect((await engine.runs(id)).map(({ status }) => status)).toEqual(['success', 'success']);
    const { fingerprint } = await alertOf('/srv');
    const detail = (await engine.call(api, 'GET', `/alerts/${String(fingerprint)}`)) as { episodes: Fields[] };
    expect(detail.episodes).toHaveLength(2);
  }, 720_000);
});
