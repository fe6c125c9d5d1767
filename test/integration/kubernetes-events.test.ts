import { startEngine, type Engine } from '../support/engine';
import type { FermataProcess } from '../support/process';
import { until } from '../support/until';
import { startKubernetesServer } from '../support/vendors/kubernetes-server';

const DEFINITION = `
name: Warnings
mode: parallel
max_runs: 100
triggers: [{ event: kubernetes.event, config: { connectionId: Cluster, type: Warning, reason: [BackOff, Failed] } }]
actions: [{ variables: { seen: "{{ trigger.payload.name }} {{ trigger.payload.count }}" } }]
`;

/**
 * Uses a fake API server, because a real API server cannot be made to discard its history on demand. Two workers share
 * the watch.
 */
describe('events of a Kubernetes cluster', () => {
  let engine: Engine;
  let cluster: Awaited<ReturnType<typeof startKubernetesServer>>;
  let workers: FermataProcess[];
  let api: { url: string };
  let connection: string;
  let id: string;
  let others: string;

  beforeAll(async () => {
    [engine, cluster] = await Promise.all([startEngine(), startKubernetesServer()]);
    api = await engine.api();
    const config = { kubeconfig: cluster.kubeconfig };
    const made = await engine.call(api, 'POST', '/connections', { name: 'Cluster', type: 'kubernetes', config });
    connection = String(made['id']);
    cluster.events.record({ name: 'before' });
    id = await engine.save(DEFINITION);
    workers = await Promise.all([engine.worker(), engine.worker()]);
    await until('one of the workers watches', () => cluster.events.watching() === 1, 60_000);
  }, 360_000);
  afterAll(async () => {
    await engine.close();
    await cluster.close();
  });

  /**
   * Returns the events in the log as `name count`, in sorted order. Events that match no trigger or wait are not
   * logged.
   */
  const logged = async (): Promise<string[]> => {
    const { rows } = await engine.database.pool.query<{ name: string; count: number }>(
      `select payload->>'name' as name, (payload->>'count')::int as count from changes
       where event = 'kubernetes.event' order by 1, 2`,
    );
    return rows.map(({ name, count }) => `${name} ${count}`);
  };
  const delivered = (what: string) =>
    until(`${what} was delivered`, async () => (await logged()).includes(what), 60_000).then(logged);
  const watched = () => until('the cluster is watched', () => cluster.events.watching() === 1, 60_000);
  /** Returns the resource versions from which watches started, in order. */
  const startVersions = () =>
    cluster.requests.flatMap(({ path }) => {
      const { pathname, searchParams } = new URL(path, 'https://kube');
      return pathname === '/api/v1/events' && searchParams.has('watch') ? [searchParams.get('resourceVersion')] : [];
    });

  test('start a run when they are recorded, and another run each time their count increases', async () => {
    cluster.events.record({ name: 'a', message: 'Back-off restarting failed container' });
    cluster.events.record({ name: 'a' });
    cluster.events.record({ name: 'quiet', type: 'Normal' });
    cluster.events.record({ name: 'unmatched', reason: 'Unhealthy' });
    cluster.events.record({ name: 'other', reason: 'Failed' });
    expect(await delivered('other 1')).toEqual(['a 1', 'a 2', 'other 1']);
    const runs = await until('the runs exist', async () => {
      const found = await engine.runs(id);
      return found.length === 3 && found;
    });
    expect(runs.map((run) => run.context_key)).toEqual(['default/Pod/a', 'default/Pod/a', 'default/Pod/other']);
    const { payload } = runs[0]?.['trigger_scope'] as { payload: Record<string, unknown> };
    expect(payload).toMatchObject({
      ...{ connectionId: connection, connectionName: 'Cluster', type: 'Warning', reason: 'BackOff', count: 1 },
      ...{ namespace: 'default', kind: 'Pod', name: 'a', uid: 'uid-a', source: 'kubelet', eventName: 'a' },
      message: 'Back-off restarting failed container',
    });
  }, 180_000);

  test('resume from the newest bookmark after a watch is disconnected', async () => {
    cluster.events.bookmark();
    const bookmark = String(cluster.events.version());
    const reached = () =>
      engine.database.pool
        .query<{ version: string }>('select resource_version as version from kubernetes_watches')
        .then(({ rows }) => rows[0]?.version === bookmark);
    await until('the bookmark was stored', reached);
    cluster.events.end('cut');
    cluster.events.record({ name: 'b' });
    expect(await delivered('b 1')).toEqual(['a 1', 'a 2', 'b 1', 'other 1']);
    expect(startVersions().at(-1)).toBe(bookmark);
  }, 270_000);

  test.each(['event', 'status'] as const)(
    'are listed again after a 410 as %s, and none is logged twice',
    async (how) => {
      await watched();
      const before = await logged();
      cluster.events.end('end');
      cluster.events.record({ name: `lost-${how}` });
      cluster.events.expire('quiet');
      cluster.events.compact(how);
      const after = await delivered(`lost-${how} 1`);
      expect(after).toEqual([...before, `lost-${how} 1`].sort());
      await watched();
      cluster.events.record({ name: `next-${how}` });
      expect(await delivered(`next-${how} 1`)).toEqual([...after, `next-${how} 1`].sort());
    },
    90_000,
  );

  test('are logged once even if a suspended worker still watches after another worker has taken over', async () => {
    await watched();
    const before = await logged();
    const { rows } = await engine.database.pool.query<{ pid: number }>(
      'select w.pid from kubernetes_watches k join workers w on w.id = k.owner',
    );
    const holder = workers.find(({ child }) => child.pid === rows[0]?.pid);
    holder?.signal('SIGSTOP');
    await until('the other worker also watches', () => cluster.events.watching() === 2, 90_000);
    cluster.events.record({ name: 'both' });
    const after = await delivered('both 1');
    holder?.signal('SIGCONT');
    await watched();
    cluster.events.record({ name: 'last' });
    expect(await delivered('last 1')).toEqual([...before, 'both 1', 'last 1'].sort());
    expect(after).toEqual([...before, 'both 1'].sort());
  }, 540_000);

  test('are watched again after the cluster was restored to an earlier version', async () => {
    await watched();
    cluster.events.restore();
    cluster.events.end('cut');
    await until('a watch started from the lower version', () => startVersions().at(-1) === '10', 60_000);
    await watched();
    cluster.events.record({ name: 'restored' });
    expect(await delivered('restored 1')).toContain('restored 1');
  }, 270_000);

  test('wake a run whose wait is only in an older version of its automation', async () => {
    const wait = {
      wait_for_trigger: {
        event: 'kubernetes.event',
        config: { connectionId: 'Cluster', name: 'late' },
        context_key: '*',
      },
    };
    const start = { name: 'Waits', triggers: [{ event: 'automation.event', config: { type: 'wait' } }] };
    const waiting = await engine.save(JSON.stringify({ ...start, actions: [wait] }));
    await engine.emit('wait');
    await until('the run waits', async () => (await engine.runs(waiting))[0]?.status === 'waiting', 60_000);
    await engine.save(
      JSON.stringify({ ...start, actions: [{ action: 'automation.log', config: { message: 'x' } }] }),
      waiting,
    );
    others = await engine.save(DEFINITION.replace('Warnings', 'Others'));
    await watched();
    cluster.events.record({ name: 'late', type: 'Normal' });
    expect((await engine.ended(1, waiting, 60_000)).map(({ status }) => status)).toEqual(['success']);
  }, 360_000);

  test('are not watched if all automations that use them are disabled', async () => {
    await engine.ended(1, id, 60_000);
    for (const one of [id, others]) await engine.call(api, 'POST', `/automations/${one}/disable`);
    await until('the watch ended', () => cluster.events.watching() === 0, 60_000);
    const { rows } = await engine.database.pool.query('select 1 from kubernetes_watches');
    expect(rows).toEqual([]);
    const all = await logged();
    expect(new Set(all).size).toBe(all.length);
    expect(all).not.toContain('before 1');
  }, 270_000);
});
