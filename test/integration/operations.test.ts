import { sql } from 'drizzle-orm';
import { packageVersion } from '../../src/package-version';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { lazyClient } from '../../src/temporal/connect';
import { findEnforcement } from '../../src/integrations/script/enforcement';
import { projectRoot } from '../../src/project-root';
import { startEngine, type Engine } from '../support/engine';
import { runFermata, type FermataProcess } from '../support/process';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';
import { until } from '../support/until';

const RULES = join(projectRoot(), 'deploy', 'prometheus');

/** Matches the suffixes of histogram series. */
const PART = /_(?:bucket|sum|count)$/;

const HOUSEKEEPING_MS = 300_000;

/**
 * Waits until no housekeeping is due within the next minute. One worker performs it at every multiple of five minutes,
 * even when all workers are idle.
 */
async function untilNoHousekeepingIsDue(): Promise<void> {
  const since = Date.now() % HOUSEKEEPING_MS;
  if (since < 10_000) await pause(10_000 - since);
  else if (since > HOUSEKEEPING_MS - 65_000) await pause(HOUSEKEEPING_MS - since + 10_000);
}

describe('operations', () => {
  let engine: Engine;
  let api: FermataProcess & { url: string };
  let proxy: TcpProxy;
  let proxied: string;
  beforeAll(async () => {
    engine = await startEngine();
    api = await engine.api();
    const url = new URL(engine.databaseUrl);
    proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
    url.hostname = '127.0.0.1';
    url.port = String(proxy.port);
    proxied = url.href;
  }, 360_000);
  afterAll(async () => {
    await engine.close();
    await proxy.close();
  });

  const problems = async () =>
    (await engine.call(api, 'GET', '/diagnosis'))['items'] as { code: string; subject: string | null }[];
  const codes = async () => (await problems()).map(({ code }) => code);

  test('the diagnosis contains no_worker without a worker, and "fermata doctor" exits with 1', async () => {
    expect(await codes()).toContain('no_worker');
    const answer = await runFermata(['doctor'], {
      FERMATA_URL: api.url,
      FERMATA_TOKEN: engine.authorization.replace('Bearer ', ''),
    });
    expect(answer).toMatchObject({
      code: 1,
      out: expect.stringContaining('critical  no_worker: No worker is running.'),
    });
    expect(answer.out).toContain('Start "fermata worker".');
  }, 180_000);

  test('an idle worker sends at most 5 statements per second', async () => {
    const worker = await engine.worker({ DATABASE_URL: proxied });
    await pause(15_000);
    const { items } = await engine.call(api, 'GET', '/workers');
    expect(items).toEqual([
      expect.objectContaining({ live: true, version: packageVersion(), pid: expect.any(Number), partitions: 64 }),
    ]);
    expect(items).toEqual([expect.objectContaining({ scriptLimits: (await findEnforcement('auto')).by })]);
    const { out } = await runFermata(['doctor'], {
      FERMATA_URL: api.url,
      FERMATA_TOKEN: engine.authorization.replace('Bearer ', ''),
    });
    expect(out).toMatch(/^scripts   \S+ \d+: memory and processes are limited (by a cgroup|for each process)/m);
    await untilNoHousekeepingIsDue();
    const before = proxy.statements();
    const since = performance.now();
    await pause(60_000);
    const perSecond = (proxy.statements() - before) / ((performance.now() - since) / 1_000);
    await worker.stop();
    expect(perSecond).toBeLessThanOrEqual(5);
    expect(perSecond).toBeGreaterThan(0.5);
  }, 360_000);

  test('housekeeping is reported as late if it has not ended for half an hour, or never since the first worker started', async () => {
    const worker = await engine.worker();
    const { db } = engine.database;
    await untilNoHousekeepingIsDue();
    await db.execute(sql`delete from periodic_work where name = 'housekeeping'`);
    expect(await codes()).not.toContain('housekeeping_late');
    await db.execute(sql`update workers set started_at = clock_timestamp() - interval '31 minutes'`);
    expect(await problems()).toContainEqual(
      expect.objectContaining({
        code: 'housekeeping_late',
        message: 'Housekeeping has never run, although a worker has been running for 31 min.',
      }),
    );
    await db.execute(sql`update workers set started_at = clock_timestamp()`);
    await db.execute(
      sql`insert into periodic_work (name, done_at) values ('housekeeping', clock_timestamp() - interval '31 minutes')`,
    );
    expect(await codes()).toContain('housekeeping_late');
    await worker.stop();
  }, 180_000);

  test('a worker that is stopped while it starts runs logs no error, and another worker starts the remaining runs', async () => {
    const worker = await engine.worker();
    const automation = await engine.save(`
name: while stopping
triggers: [{ event: automation.event, config: { type: stopping } }]
mode: parallel
max_runs: 1000
actions: [{ variables: { done: 'true' } }]`);
    await engine.emit('stopping', {}, { times: 150 });
    await until('some runs have started', async () => (await engine.runs(automation)).length > 20);
    await worker.stop();
    expect(worker.output()).not.toMatch(/Eager workflow task rejected|failed to start| error /);
    const other = await engine.worker();
    const runs = await engine.ended(150, automation, 90_000);
    expect(new Set(runs.map(({ status }) => status))).toEqual(new Set(['success']));
    await other.stop();
  }, 450_000);

  test('a worker that is stopped hands over its partitions before it waits for its calls', async () => {
    await engine.save(`
name: hangs while stopping
mode: parallel
triggers: [{ event: automation.event, config: { type: hang } }]
actions: [{ action: integration-webhook.send, timeout_seconds: 300, config: { url: '$URL/hang', method: POST } }]`);
    engine.receiver.answerWith(({ path }, response) => void (path === '/hang' || response.end('ok')));
    const worker = await engine.worker({ FERMATA_SHUTDOWN_SECONDS: '120' });
    await engine.emit('hang');
    await until('the call hangs', () => engine.receiver.received.some(({ path }) => path === '/hang'));
    const other = await engine.worker();
    const hasAll = async () => {
      const { items } = await engine.call(api, 'GET', '/workers');
      const found = (items as { pid: number; partitions: number }[]).find(({ pid }) => pid === other.child.pid);
      return found?.partitions === 64;
    };
    await until('both have partitions', async () => !(await hasAll()));
    const stopping = worker.stop();
    await until('the other worker has all partitions', hasAll, 60_000);
    expect(worker.exited()).toBe(false);
    await worker.stop('SIGKILL');
    await stopping;
    engine.receiver.reset();
    await other.stop('SIGKILL');
  }, 360_000);

  test('connections that are cut without notice are replaced, and work continues', async () => {
    const worker = await engine.worker({ DATABASE_URL: proxied });
    const automation = await engine.save(`
name: after the cut
triggers: [{ event: automation.event, config: { type: cut } }]
mode: parallel
actions: [{ variables: { done: 'true' } }]`);
    await engine.emit('cut');
    await engine.ended(1, automation);
    proxy.cutSilently();
    const since = Date.now();
    await engine.emit('cut');
    // Up to 15 s until the listener notices the cut, 8 s for connections in use, and one poll. The remaining time is
    // for a busy machine.
    const runs = await engine.ended(2, automation, 60_000);
    process.stdout.write(`connections were replaced ${Date.now() - since} ms after the cut\n`);
    expect(runs.map(({ status }) => status)).toEqual(['success', 'success']);
    await worker.stop('SIGKILL');
  }, 360_000);

  test('the row of a run ends soon after its execution was terminated in Temporal', async () => {
    const worker = await engine.worker();
    const automation = await engine.save(`
name: terminated
triggers: [{ event: automation.event, config: { type: terminate } }]
mode: single
actions: [{ delay: { hours: 1 } }]`);
    await engine.emit('terminate');
    const run = await until('the run waits', async () => {
      const [row] = await engine.runs(automation);
      return row?.status === 'waiting' && row;
    });
    const { address, namespace } = engine.temporal;
    const client = lazyClient({ address, namespace });
    await client.workflow.getHandle(run.workflow_id, run.execution_run_id ?? undefined).terminate('manually');
    await client.connection.close();
    const [ended] = await engine.ended(1, automation, 60_000);
    expect(ended).toMatchObject({
      status: 'cancelled',
      ended_by: { kind: 'temporal', reason: 'Terminated in Temporal.' },
    });
    await worker.stop();
  }, 360_000);

  test('the alert rules and metrics pass promtool, and every metric in rules and dashboards exists', async () => {
    const checked = spawnSync('promtool', ['test', 'rules', join(RULES, 'rules.test.yml')], { encoding: 'utf8' });
    expect(checked.error).toBeUndefined();
    expect([checked.status, checked.stdout + checked.stderr]).toEqual([0, expect.stringContaining('SUCCESS')]);
    const page = await (await fetch(`${api.url}/metrics`, { headers: { authorization: engine.authorization } })).text();
    const named = spawnSync('promtool', ['check', 'metrics'], { encoding: 'utf8', input: page });
    expect([named.status, named.stdout + named.stderr]).toEqual([0, '']);
    const used = new Set(
      [...readFileSync(join(RULES, 'rules.yml'), 'utf8').matchAll(/expr: (.*)/g)].flatMap(([, expression = '']) => [
        ...(expression.match(/fermata_\w+/g) ?? []),
      ]),
    );
    const dashboards = join(RULES, '..', 'grafana');
    for (const file of readdirSync(dashboards)) {
      const { panels } = JSON.parse(readFileSync(join(dashboards, file), 'utf8')) as {
        panels: { targets: { expr: string }[] }[];
      };
      expect(panels.length).toBeGreaterThan(5);
      for (const { expr } of panels.flatMap(({ targets }) => targets)) {
        for (const name of expr.match(/(?:fermata|http|process)_\w+/g) ?? []) used.add(name.replace(PART, ''));
      }
    }
    // Only workers export these metrics.
    used.delete('fermata_clock_skew_seconds');
    used.delete('fermata_loop_age_seconds');
    expect(used.size).toBeGreaterThan(5);
    for (const name of used) expect(page).toMatch(new RegExp(`^# TYPE ${name} (gauge|counter|histogram)$`, 'm'));
  });
});
