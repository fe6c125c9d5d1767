import { spawnSync } from 'node:child_process';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { startEngine, type Engine } from '../support/engine';
import { freePort } from '../../src/os/free-port';
import { until } from '../support/until';

const NAMES = [
  'fermata_changes_total',
  'fermata_routing_lag_seconds',
  'fermata_evaluations_total',
  'fermata_dropped_runs_total',
  'fermata_runs_total',
  'fermata_runs_active',
  'fermata_dwells_armed',
  'fermata_waits_armed',
  'fermata_wakes_total',
  'fermata_temporal_calls_total',
  'fermata_action_seconds',
  'fermata_mask_hits_total',
  'fermata_reconciled_total',
  'fermata_dead_letters',
];

describe('metrics', () => {
  let engine: Engine;
  let api: { url: string };
  const scrape = async () => {
    const answer = await fetch(`${api.url}/metrics`, { headers: { authorization: engine.authorization } });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/plain')]);
    return answer.text();
  };
  /** Waits until a series has at least the given value. Reads the API's metrics page by default. */
  const shown = (series: string, atLeast: number, page: () => Promise<string> = scrape) =>
    until(`${series} is ${atLeast}`, async () => {
      const line = (await page()).split('\n').find((each) => each.startsWith(`${series} `));
      return line !== undefined && Number(line.slice(series.length)) >= atLeast;
    });
  beforeAll(async () => {
    engine = await startEngine();
    api = await engine.api();
  }, 180_000);
  afterAll(() => engine.close());

  test('exist before anything has happened', async () => {
    const page = await scrape();
    for (const name of NAMES) expect(page).toMatch(new RegExp(`^# TYPE ${name} (counter|gauge|histogram)$`, 'm'));
    expect(page.match(/^# TYPE .*$/gm)).toHaveLength(new Set(page.match(/^# TYPE .*$/gm)).size);
    expect(page).toMatch(/^fermata_mask_hits_total 0$/m);
    expect(page).toMatch(/^process_cpu_seconds_total /m);
    expect(page).toMatch(/^# TYPE http_request_duration_seconds histogram$/m);
  });

  test('about work are exported by the worker that performed it; ended runs of all workers are exported by the API', async () => {
    const metricsPort = await freePort();
    const first = await engine.worker({ FERMATA_METRICS_PORT: String(metricsPort) });
    const own = async () => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    const id = await engine.save(`
name: Counted
triggers: [{ event: automation.event, config: { type: count }, filter: trigger.payload.data.n > 0 }]
mode: parallel
actions: [{ action: automation.log, config: { message: m } }]
`);
    await engine.emit('count', { n: 1 }, { times: 3 });
    await engine.emit('count', { n: 0 });
    await engine.ended(3, id);
    await shown('fermata_runs_total{automation="Counted",status="success"}', 3);
    await shown('fermata_evaluations_total{outcome="filter"}', 1, own);
    await shown('fermata_evaluations_total{outcome="run"}', 3, own);
    await shown('fermata_action_seconds_count{action="automation.log",outcome="success"}', 3, own);
    await shown('fermata_routing_lag_seconds_count', 4, own);
    await shown('fermata_changes_total', 4, own);
    const page = await own();
    const bounds = [...page.matchAll(/^fermata_routing_lag_seconds_bucket\{le="(.*)"\}/gm)].map(([, bound]) =>
      bound === '+Inf' ? Infinity : Number(bound),
    );
    expect(bounds).toHaveLength(13);
    expect(bounds).toEqual([...bounds].sort((a, b) => a - b));

    expect(await scrape()).toMatch(/^fermata_changes_total 0$/m);
    // The metrics of the Temporal SDK are on the same page.
    expect(page).toMatch(/^temporal_\w+/m);
    expect(page).not.toContain('fermata_runs_total');
    expect(page).toMatch(/^process_cpu_seconds_total /m);
    for (const served of [page, await scrape()]) {
      expect(served).toMatch(/^fermata_build_info\{version="\d[^"]*",node="v\d[^"]*"\} 1$/m);
      // The real promtool, from the Debian package prometheus.
      const checked = spawnSync('promtool', ['check', 'metrics'], { input: served, encoding: 'utf8' });
      expect([checked.error, checked.status, checked.stderr]).toEqual([undefined, 0, '']);
    }
    await first.stop();
    const second = await engine.worker();
    await engine.emit('count', { n: 1 });
    await engine.ended(4, id);
    await shown('fermata_runs_total{automation="Counted",status="success"}', 4);
    expect(await scrape()).toMatch(/^fermata_runs_total\{automation="Counted",status="success"\} 4$/m);
    await second.stop();
  }, 360_000);

  test('count each run once across all processes, under the name of its automation, or as "other" beyond the limit', async () => {
    const settings = { FERMATA_METRICS_AUTOMATIONS: '2' };
    const [small] = await Promise.all([engine.api(settings), engine.worker(settings), engine.worker(settings)]);
    const fails = (name: string, type: string) =>
      engine.save(`
name: '${name}'
triggers: [{ event: automation.event, config: { type: ${type} } }]
mode: parallel
actions: [{ stop: { error: true, reason: broken } }]
`);
    const named = await fails('a "quoted" name', 'named');
    const rest = await fails('beyond the bound', 'rest');
    const lines = async () => {
      const answer = await fetch(`${small.url}/metrics`, { headers: { authorization: engine.authorization } });
      const page = await answer.text();
      const checked = spawnSync('promtool', ['check', 'metrics'], { input: page, encoding: 'utf8' });
      expect([checked.error, checked.status, checked.stderr]).toEqual([undefined, 0, '']);
      return page.split('\n').filter((line) => line.startsWith('fermata_runs_total{'));
    };
    expect(await lines()).toContain('fermata_runs_total{automation="a \\"quoted\\" name",status="failed"} 0');
    await engine.emit('named', {}, { times: 6 });
    await engine.emit('rest', {}, { times: 2 });
    await Promise.all([engine.ended(6, named), engine.ended(2, rest)]);
    await until('all runs are counted', async () => {
      const found = await lines();
      return (
        found.includes('fermata_runs_total{automation="a \\"quoted\\" name",status="failed"} 6') &&
        found.includes('fermata_runs_total{automation="other",status="failed"} 2')
      );
    });
    expect(await lines()).toHaveLength(9);
    // When an automation is deleted, another automation gets its own series, whose count starts at 0.
    await engine.call(small, 'DELETE', `/automations/${named}`);
    const after = await lines();
    expect(after).toContain('fermata_runs_total{automation="beyond the bound",status="failed"} 0');
    expect(after.join('\n')).not.toContain('quoted');
  }, 360_000);

  test('are sent to an OpenTelemetry collector by the API, by workers and by the Temporal SDK', async () => {
    const collected: { path: string; headers: IncomingHttpHeaders; text: string }[] = [];
    let isBusy = true;
    const collector = createServer((request, response) => {
      void buffer(request).then((bytes) => {
        const { url: path = '', headers } = request;
        const text = (headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
        if (isBusy && text.includes('"fermata-api"')) {
          isBusy = false;
          return response.writeHead(503, { 'retry-after': '0' }).end();
        }
        collected.push({ path, headers, text });
        return response.end('{}');
      });
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    const { port } = collector.address() as AddressInfo;
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20let-me-in',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    };
    const [server, worker] = await Promise.all([engine.api(env), engine.worker(env)]);
    await Promise.all([server.stop(), worker.stop()]);
    expect(new Set(collected.map(({ path }) => path))).toEqual(new Set(['/v1/metrics']));
    expect(new Set(collected.map(({ headers }) => headers.authorization))).toEqual(new Set(['Bearer let-me-in']));
    const isJson = ({ headers }: { headers: IncomingHttpHeaders }) => headers['content-type'] === 'application/json';
    expect({ isBusy, output: server.output() }).toMatchObject({ isBusy: false });
    expect(new Set(collected.filter(isJson).map(({ headers }) => headers['content-encoding']))).toEqual(
      new Set(['gzip']),
    );
    const own = collected.filter(isJson).map((each) => each.text);
    expect(own.find((each) => each.includes('"fermata-api"'))).toContain('"fermata_runs_total"');
    expect(own.find((each) => each.includes('"fermata-worker"'))).toContain('"fermata_changes_total"');
    expect(collected.some((each) => !isJson(each) && each.text.includes('temporal_'))).toBe(true);
    await new Promise((resolve) => collector.close(resolve));
  }, 180_000);
});
