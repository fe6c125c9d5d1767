import { earliestChange } from '../../src/domain/expressions/clock';
import { parseExpression } from '../../src/domain/expressions/parse';
import { createSystem, deleteSystem } from '../../src/domains/catalog/systems';
import type { DomainWrite } from '../../src/domains/domain-write';
import type { CheckResult } from '../../src/domains/healthcheck/check-result';
import { createMaintenance } from '../../src/domains/maintenance/maintenances';
import { readHealthViews } from '../../src/domains/healthcheck/health-view';
import { recordResults } from '../../src/domains/healthcheck/record-results';
import { testPlugins } from '../support/plugins';
import { byUser, createEntityFixture, type EntityFixture } from '../support/entity-fixture';

describe('health', () => {
  let f: EntityFixture;
  beforeAll(async () => {
    f = await createEntityFixture(testPlugins());
  });
  afterAll(() => f.end());
  beforeEach(() => f.clock.set('2026-11-20T10:00:00.000Z'));

  const inTransaction = <T>(work: (write: DomainWrite) => Promise<T>) =>
    f.db.transaction((tx) => work({ tx, entities: f.store, cause: byUser, now: f.clock.now() }));
  const record = (...results: CheckResult[]) => inTransaction((write) => recordResults(write, results));
  let systems = 0;
  const newSystem = () => `sys-${(systems += 1)}`;
  const result = (systemId: string, status: CheckResult['status'], more: Partial<CheckResult> = {}): CheckResult => ({
    ...{ systemId, configurationId: 'http', status, ...more },
  });
  const healthOf = async (id: string) => (await f.store.get(f.db, 'health', id))?.state;
  /** Returns the events that triggers receive from the changes of a system, in order. */
  const eventsOf = async (id: string): Promise<{ event: string; payload: Record<string, unknown> }[]> => {
    interface Row {
      event: string | null;
      payload: Record<string, unknown>;
      prev: Record<string, unknown> | null;
      next: Record<string, unknown> | null;
      occurred_at: Date;
    }
    const rows = await f.rows<Row>(
      `select event, payload, prev, next, occurred_at from changes where kind = 'health' and entity_id = $1 order by seq`,
      [id],
    );
    const base = { changeId: '', seq: 0, kind: 'health', id, ...byUser, shape: 'entity', delta: {} } as const;
    return rows.flatMap(({ event, payload, prev, next, occurred_at: occurredAt }) =>
      event === null
        ? f.registry
            .derivers('health')
            .flatMap((derive) => derive({ ...base, prev, next, occurredAt, changedFields: [], context: payload }))
        : [{ event, payload }],
    );
  };
  const names = async (id: string) => (await eventsOf(id)).map((event) => event.event.replace('healthcheck.', ''));

  test('a first result creates system and check; a first healthy status emits no health event', async () => {
    const id = newSystem();
    await record(result(id, 'healthy', { latencyMs: 12 }));
    expect(await healthOf(id)).toEqual({ status: 'healthy', healthyChecks: 1, totalChecks: 1 });
    expect(await names(id)).toEqual(['check_completed']);
    expect((await f.store.get(f.db, 'catalog-system', id))?.state).toMatchObject({ name: id });
  });

  test('a new system is healthy with 0 of 0 checks, and emits no health event', async () => {
    const id = newSystem();
    await inTransaction((write) => createSystem(write, { id, name: 'Shop' }));
    expect(await healthOf(id)).toEqual({ status: 'healthy', healthyChecks: 0, totalChecks: 0 });
    expect(await names(id)).toEqual([]);
    await inTransaction((write) => deleteSystem(write, id, []));
    expect(await healthOf(id)).toBeUndefined();
  });

  test('a first status other than healthy counts as a change from healthy', async () => {
    const id = newSystem();
    await inTransaction((write) => createSystem(write, { id, name: 'Shop' }));
    await record(result(id, 'unhealthy', { message: 'no route', timestamp: '2026-11-20T09:59:00.000Z' }));
    expect(await names(id)).toEqual(['check_completed', 'check_failed', 'system_degraded', 'system_health_changed']);
    const [completed, , degraded] = await eventsOf(id);
    expect(degraded?.payload).toEqual({
      ...{ systemId: id, systemName: 'Shop', previousStatus: 'healthy', newStatus: 'unhealthy' },
      ...{ healthyChecks: 0, totalChecks: 1, timestamp: '2026-11-20T09:59:00.000Z' },
    });
    expect(f.registry.trigger('healthcheck.system_degraded')?.payloadSchema.safeParse(degraded?.payload).success).toBe(
      true,
    );
    expect(completed?.payload).toMatchObject({ configurationId: 'http', result: { message: 'no route' } });
  });

  test('some failing checks make a system degraded, all of them unhealthy, none healthy', async () => {
    const id = newSystem();
    const other = { configurationId: 'tcp' };
    await record(result(id, 'healthy'), result(id, 'healthy', other));
    await record(result(id, 'unhealthy'));
    expect(await healthOf(id)).toEqual({ status: 'degraded', healthyChecks: 1, totalChecks: 2 });
    await record(result(id, 'unhealthy', other));
    expect(await healthOf(id)).toEqual({ status: 'unhealthy', healthyChecks: 0, totalChecks: 2 });
    await record(result(id, 'healthy'), result(id, 'healthy', other));
    expect(await healthOf(id)).toEqual({ status: 'healthy', healthyChecks: 2, totalChecks: 2 });
    expect((await names(id)).filter((name) => name.startsWith('system'))).toEqual([
      ...['system_degraded', 'system_health_changed'],
      'system_health_changed',
      ...['system_healthy', 'system_health_changed'],
    ]);
  });

  test('a late result is stored and counted but does not replace a newer status', async () => {
    const id = newSystem();
    await record(result(id, 'healthy', { timestamp: '2026-11-20T09:59:00.000Z' }));
    await record(result(id, 'unhealthy', { timestamp: '2026-11-20T09:50:00.000Z' }));
    expect(await healthOf(id)).toMatchObject({ status: 'healthy' });
    expect(await names(id)).toEqual(['check_completed', 'check_completed', 'check_failed']);
    expect((await readHealthViews(f.db, [id], { now: f.clock.now() })).get(id)).toMatchObject({ success_rate: 0.5 });
  });

  test('a batch is processed in the order of its instants, including every status in between', async () => {
    const id = newSystem();
    const at = (minute: number) => ({ timestamp: `2026-11-20T09:0${minute}:00.000Z` });
    await record(result(id, 'healthy', at(3)), result(id, 'unhealthy', at(1)), result(id, 'degraded', at(2)));
    expect((await eventsOf(id)).flatMap(({ payload }) => payload.newStatus ?? [])).toEqual([
      ...['unhealthy', 'unhealthy', 'degraded', 'healthy', 'healthy'],
    ]);
    expect(await healthOf(id)).toMatchObject({ status: 'healthy' });
  });

  test('the same result delivered again, alone or in a batch, has no effect', async () => {
    const id = newSystem();
    const once = result(id, 'unhealthy', { timestamp: '2026-11-20T09:59:00Z' });
    const first = await record(once, once);
    const again = await record({ ...once, timestamp: '2026-11-20T10:59:00+01:00' });
    expect(first).toContain(again[0]);
    expect(await names(id)).toHaveLength(4);
    await record(result(id, 'unhealthy'));
    await record(result(id, 'unhealthy'));
    expect(await names(id)).toHaveLength(8);
  });

  test('concurrent results of a system are all counted', async () => {
    const id = newSystem();
    await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        record(result(id, i % 2 ? 'healthy' : 'unhealthy', { configurationId: `c${i}` })),
      ),
    );
    expect(await healthOf(id)).toEqual({ status: 'degraded', healthyChecks: 4, totalChecks: 8 });
  });

  test('deleting a system deletes its checks and health, each with a tombstone', async () => {
    const id = newSystem();
    await record(result(id, 'unhealthy'));
    await inTransaction((write) => deleteSystem(write, id, []));
    expect(await healthOf(id)).toBeUndefined();
    const tombstones = await f.rows(
      'select kind from changes where entity_id = $1 and next is null and event is null',
      [id],
    );
    expect(tombstones).toEqual([{ kind: 'catalog-system' }, { kind: 'health' }]);
    expect(await f.rows('select 1 from health_checks where system_id = $1', [id])).toEqual([]);
    await record(result(id, 'healthy'));
    expect(await healthOf(id)).toMatchObject({ totalChecks: 1 });
  });

  describe('the detailed view', () => {
    test('a known system without results is healthy since its creation; an unknown system does not exist', async () => {
      const id = newSystem();
      await inTransaction((write) => createSystem(write, { id, name: id }));
      f.clock.advance(60_000);
      const views = await readHealthViews(f.db, [id, 'nobody'], { now: f.clock.now(), windowMinutes: 5 });
      expect([...views.keys()]).toEqual([id]);
      expect(views.get(id)).toEqual({
        ...{ status: 'healthy', in_status_since: '2026-11-20T10:00:00.000Z', in_status_for_ms: 60_000 },
        ...{ latency_ms: null, avg_latency_ms: null, p95_latency_ms: null, success_rate: null, last_run_at: null },
        ...{ in_maintenance: false, notifications_suppressed: false, transitions_in_window: 0 },
        ...{ transition_window_minutes: 5, evaluated_at: '2026-11-20T10:01:00.000Z' },
      });
    });

    test('latencies, success rate and transitions are computed from the raw results', async () => {
      const id = newSystem();
      for (let i = 1; i <= 20; i += 1) {
        f.clock.advance(1000);
        await record(result(id, i === 20 ? 'unhealthy' : 'healthy', { latencyMs: i * 10 }));
      }
      f.clock.advance(30_000);
      const view = (await readHealthViews(f.db, [id], { now: f.clock.now() })).get(id);
      expect(view).toMatchObject({
        ...{ status: 'unhealthy', in_status_since: '2026-11-20T10:00:20.000Z', in_status_for_ms: 30_000 },
        ...{ latency_ms: 200, avg_latency_ms: 105, p95_latency_ms: 190.5, success_rate: 0.95 },
        ...{ last_run_at: '2026-11-20T10:00:20.000Z', transitions_in_window: 1 },
      });
    });

    test('tells when time alone changes its figures, in properties that are not written', async () => {
      const id = newSystem();
      await record(result(id, 'unhealthy', { latencyMs: 10 }));
      const at = (minutes: number) => new Date(Date.parse('2026-11-20T10:00:00.000Z') + minutes * 60_000).toISOString();
      await inTransaction((write) =>
        createMaintenance(write, { title: 'Now', systemIds: [id], startAt: at(-5), endAt: at(30) }),
      );
      await inTransaction((write) =>
        createMaintenance(write, { title: 'Later', systemIds: [id], startAt: at(60), endAt: at(90) }),
      );
      const changeOf = async (source: string) => {
        const views = await readHealthViews(f.db, [id], { now: f.clock.now() });
        return earliestChange(parseExpression(source), { health: { system: views.get(id) } }, f.clock.now());
      };
      expect(await changeOf('!health.system.in_maintenance')).toEqual(new Date(at(30)));
      expect(await changeOf('health.system.transitions_in_window > 0')).toEqual(new Date('2026-11-20T11:00:00.001Z'));
      expect(await changeOf('health.system.success_rate > 0.9')).toEqual(new Date('2026-11-21T10:00:00.001Z'));
      f.clock.advance(31 * 60_000);
      expect(await changeOf('health.system.in_maintenance')).toEqual(new Date(at(60)));
      const view = (await readHealthViews(f.db, [id], { now: f.clock.now() })).get(id);
      expect(Object.keys(view ?? {})).not.toContain('maintenance_starts_at');
    });
  });
});
