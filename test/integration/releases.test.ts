import { setTimeout as sleep } from 'node:timers/promises';
import { startEngine, type Engine, type RunRow } from '../support/engine';
import { createTestDeployment, type TestDeployment } from '../support/deployment';
import { waitsAtGate } from '../support/gate-waits';
import { runFermata, type FermataProcess } from '../support/process';
import { until } from '../support/until';

const gates = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);

describe('two builds of one deployment', () => {
  jest.setTimeout(900_000);
  let e: Engine;
  let d: TestDeployment;
  let api: FermataProcess & { url: string };
  let automation: string;
  beforeAll(async () => {
    e = await startEngine();
    d = createTestDeployment(e);
    api = await e.api();
    await e.call(api, 'PUT', '/entity-kinds/gate', { schema: { type: 'object' } });
    automation = await e.save(waitsAtGate(600));
  }, 360_000);
  afterAll(async () => {
    await d.close();
    await e.close();
  });

  const gateOf = (run: RunRow) =>
    (run as unknown as { trigger_scope: { payload: { data: { gate: string } } } }).trigger_scope.payload.data.gate;
  const runAt = async (gate: string) => (await e.runs(automation)).find((run) => gateOf(run) === gate);
  /** Starts a run and waits until it is waiting at its gate and its workflow task is completed. */
  const startAt = async (gate: string): Promise<RunRow> => {
    await e.emit('wait', { gate });
    return until(
      `the run waits at ${gate}`,
      async () => {
        const run = await runAt(gate);
        return run?.status === 'waiting' && (await d.buildOf(run)) !== undefined && run;
      },
      60_000,
    );
  };
  /** Opens a gate and waits until its run has ended. Returns the build in which it ended. */
  const openGate = async (gate: string): Promise<string | undefined> => {
    await e.call(api, 'PUT', `/entities/gate/${gate}`, { open: true });
    const run = await until(
      `the run at ${gate} ended`,
      async () => {
        const found = await runAt(gate);
        return found !== undefined && !['pending', 'running', 'waiting'].includes(found.status) && found;
      },
      60_000,
    );
    expect(run.status).toBe('success');
    return d.buildOf(run);
  };

  /**
   * Opens gates one after another until a run continues in the build `buildId`. Returns the build in which the last run
   * continued. The pauses between gates grow, because Temporal's task queues propagate the current build with a delay
   * after more than five changes in quick succession. The delay doubles each time (1 s, 2 s, 4 s, …).
   */
  const openUntil = async (buildId: string, gates: readonly string[]): Promise<string | undefined> => {
    let build: string | undefined;
    for (const [tries, gate] of gates.entries()) {
      await sleep(Math.min(tries * 5_000, 40_000));
      build = await openGate(gate);
      if (build === buildId) break;
    }
    return build;
  };

  test('share the runs according to the release: current, ramp, promotion and rollback', async () => {
    await d.worker('1.0');
    expect(await d.whenSeen('current', '1.0')).toMatchObject({ current: '1.0', ramping: null });
    expect(await d.buildOf(await startAt('a'))).toBe('1.0');
    for (const gate of [...gates('b', 5), ...gates('a', 10)]) await startAt(gate);

    // The new build also routes changes and starts runs, but does not execute any.
    await d.worker('1.1');
    await d.whenSeen('ramp', '1.1', '--percentage', '0');
    for (const gate of ['c', 'd', 'e', 'f']) expect(await d.buildOf(await startAt(gate))).toBe('1.0');
    expect(await openGate('c')).toBe('1.0');

    expect(await d.release('ramp', '1.1', '--percentage', '100')).toMatchObject({
      current: '1.0',
      ramping: { buildId: '1.1', percentage: 100 },
    });
    await until(
      'a new run goes to the ramping build',
      async () => (await d.buildOf(await startAt(`g${Date.now()}`))) === '1.1',
      60_000,
    );
    expect(await d.release('ramp', '--stop')).toMatchObject({ current: '1.0', ramping: null });

    // A run that started to wait in the old build continues in the new one.
    expect(await d.release('current', '1.1')).toMatchObject({ current: '1.1' });
    await until(
      'a new run goes to the current build',
      async () => (await d.buildOf(await startAt(`h${Date.now()}`))) === '1.1',
      60_000,
    );
    expect(await openUntil('1.1', ['a', ...gates('a', 10)])).toBe('1.1');
    for (const gate of gates('i', 10)) await startAt(gate);

    // Rollback: runs that started in the new build, and runs that have waited since the old build, end in the old
    // build.
    expect(await d.release('current', '1.0')).toMatchObject({ current: '1.0' });
    await until(
      'a new run goes to the old build',
      async () => (await d.buildOf(await startAt(`k${Date.now()}`))) === '1.0',
      60_000,
    );
    expect(await openUntil('1.0', gates('i', 10))).toBe('1.0');
    for (const gate of gates('b', 5)) expect(await openGate(gate)).toBe('1.0');
    const builds = (await d.release('status'))['versions'] as { buildId: string; status: string }[];
    expect(Object.fromEntries(builds.map(({ buildId, status }) => [buildId, status]))).toMatchObject({
      '1.0': 'current',
    });
    expect((await e.runs(automation)).filter(({ status }) => status === 'failed')).toEqual([]);
  });

  test('are managed by fermata release, which reports invalid arguments and settings', async () => {
    const call = (args: string[], env: Record<string, string>) => runFermata(['release', ...args], e.env(env));
    expect(await call(['status'], {})).toMatchObject({
      code: 2,
      err: expect.stringContaining('FERMATA_DEPLOYMENT_NAME is not set') as string,
    });
    expect(await call(['status'], { FERMATA_DEPLOYMENT_NAME: 'nobody' })).toMatchObject({
      code: 1,
      err: expect.stringContaining('Start a worker with FERMATA_DEPLOYMENT_NAME=nobody first') as string,
    });
    expect(await call(['current', '9.9'], d.env('9.9'))).toMatchObject({ code: 1, out: '' });
    for (const wrong of [['--percentage', '101'], ['--percentage', 'x'], [], ['--stop', '--percentage', '1']])
      expect((await call(['ramp', ...wrong], d.env('1.0'))).code).toBe(2);
    expect(await call(['status'], d.env('1.0'))).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Deployment .*\nCurrent: {2}1\.\d\n[^]*1\.0 {2}\w+ {2}\(this build\)/) as string,
    });
  });
});
