import { startEngine, type Engine } from '../support/engine';
import { createTestDeployment } from '../support/deployment';
import { waitsAtGate } from '../support/gate-waits';
import { earlierBuild, incompatibleBuild, type OtherBuild } from '../support/other-build';
import { startFermata, type FermataProcess } from '../support/process';
import { until } from '../support/until';

const RUNS = Number(process.env['FERMATA_CHAOS_RUNS'] ?? 1_000);
/** Commit of release N, the last release before worker versioning. */
const RELEASE_N = process.env['FERMATA_CHAOS_RELEASE_N'] ?? 'c495ffc';
const GATES = Array.from({ length: 10 }, (_, index) => `g${index}`);

describe('releases', () => {
  let e: Engine;
  let api: FermataProcess & { url: string };
  let automation: string;
  const builds: OtherBuild[] = [];
  const processes: FermataProcess[] = [];
  beforeEach(async () => {
    e = await startEngine();
    api = await e.api();
    await e.call(api, 'PUT', '/entity-kinds/gate', { schema: { type: 'object' } });
    automation = await e.save(waitsAtGate(86_400));
  }, 120_000);
  afterEach(async () => {
    await Promise.all(processes.splice(0).map((process) => process.stop('SIGKILL')));
    await e.close();
    for (const build of builds.splice(0)) build.remove();
  });

  const startRuns = async (count: number): Promise<void> => {
    const before = (await e.runs(automation)).length;
    for (const gate of GATES) await e.emit('wait', { gate }, { times: count / GATES.length });
    await until(
      `${count} more runs wait`,
      async () => {
        const runs = await e.runs(automation);
        return runs.length === before + count && runs.slice(before).every(({ status }) => status === 'waiting');
      },
      300_000,
    );
  };
  const openGates = async (gates: readonly string[]) => {
    for (const gate of gates) await e.call(api, 'PUT', `/entities/gate/${gate}`, { open: true });
  };
  const failed = async () =>
    (await e.runs(automation)).filter(({ status }) => status === 'failed').map(({ error }) => error);
  const worker = async (root?: string): Promise<FermataProcess> => {
    const started = startFermata(['worker'], e.env(), undefined, root);
    processes.push(started);
    await until('the worker is connected', () => started.output().includes('connected to Temporal'), 90_000);
    return started;
  };

  it(`do not fail ${RUNS} waiting runs when an incompatible build is rolled back`, async () => {
    const deployment = createTestDeployment(e);
    try {
      await deployment.worker('1.0');
      await deployment.whenSeen('current', '1.0');
      await startRuns(RUNS);

      const incompatible = incompatibleBuild();
      builds.push(incompatible);
      const newer = await deployment.worker('2.0', incompatible.root);
      await deployment.whenSeen('current', '2.0');
      await openGates(GATES.slice(0, GATES.length / 2));
      await until('the new build fails to replay the runs', () => newer.output().includes('TMPRL1100'), 60_000);
      expect(await failed()).toEqual([]);

      await deployment.whenSeen('current', '1.0');
      await openGates(GATES.slice(GATES.length / 2));
      const ended = await e.ended(RUNS, automation, 900_000);
      expect(ended.filter(({ status }) => status !== 'success')).toEqual([]);
    } finally {
      await deployment.close();
    }
  }, 1_500_000);

  it('complete all runs while N and N+1 work at the same time, then N+1 alone, then N again', async () => {
    const earlier = earlierBuild(RELEASE_N);
    builds.push(earlier);
    const old = await worker(earlier.root);
    await startRuns(50);
    const next = await worker();
    await startRuns(50);
    await openGates(GATES.slice(0, 3));
    await until(
      'runs have ended with both releases',
      async () => (await e.runs(automation)).filter(({ status }) => status === 'success').length === 30,
      120_000,
    );
    await old.stop();
    await openGates(GATES.slice(3, 6));
    await until(
      'runs have ended with N+1',
      async () => (await e.runs(automation)).filter(({ status }) => status === 'success').length === 60,
      120_000,
    );
    await next.stop();
    await worker(earlier.root);
    await openGates(GATES.slice(6));
    const ended = await e.ended(100, automation, 120_000);
    expect(ended.filter(({ status }) => status !== 'success')).toEqual([]);
  }, 900_000);
});
