import { readFileSync } from 'node:fs';
import { createSystem } from '../../src/domains/catalog/systems';
import type { DomainWrite } from '../../src/domains/domain-write';
import { DEFAULT_SEVERITY_RULES, severityMap, SeverityRules } from '../../src/domains/alert/severity-map';
import { alertmanagerSender } from '../../src/edges/alerts/alertmanager';
import { receiveAlerts, rejectedOf } from '../../src/edges/alerts/receive-alerts';
import { ingestCloudEvents } from '../../src/edges/ingest/cloudevents';
import { ingestHealth, parseHealthResults } from '../../src/edges/ingest/health';
import { onceByKey } from '../../src/edges/ingest/once-by-key';
import { parseCloudEvents } from '../../src/edges/ingest/parse-cloud-events';
import { testPlugins } from '../support/plugins';
import { byUser, createEntityFixture, type EntityFixture } from '../support/entity-fixture';

const payload = (name: string) =>
  JSON.parse(readFileSync(`examples/payloads/${name}.json`, 'utf8')) as { alerts: object[] };

describe('ingest', () => {
  let f: EntityFixture;
  beforeAll(async () => {
    f = await createEntityFixture(testPlugins());
  });
  afterAll(() => f.end());
  beforeEach(() =>
    f.rows(
      'truncate changes, dedup_keys, entities, entity_transitions, systems, health_checks, health_results, alerts cascade',
    ),
  );
  const inTransaction = <T>(work: (write: DomainWrite) => Promise<T>) =>
    f.db.transaction((tx) => work({ tx, entities: f.store, cause: byUser, now: f.clock.now() }));
  const health = async (id: string) => (await f.store.get(f.db, 'health', id))?.state;

  describe('Alertmanager', () => {
    const severities = severityMap(SeverityRules.parse(DEFAULT_SEVERITY_RULES));
    const LABELS = ['system', 'service', 'job', 'instance'];
    const post = (body: unknown, systemLabels = LABELS) =>
      inTransaction(async (write) => {
        const [changeIds = []] = await receiveAlerts(write, [alertmanagerSender.read(body)], {
          systemLabels,
          severities,
        });
        return { changeIds };
      });
    const healthChanges = async () =>
      (await f.rows<{ change_id: string }>(`select change_id from changes where kind = 'health'`)).length;
    const alert = (status: string, labels: Record<string, string>, fingerprint = 'f1') => ({
      ...{ version: '4', alerts: [{ status, labels, annotations: {}, fingerprint }] },
    });

    test('the example payload makes the system unhealthy in one change, and its resolution makes it healthy in another', async () => {
      const fired = await post(payload('alertmanager-firing'));
      expect(fired.changeIds).toHaveLength(3);
      expect(await healthChanges()).toBe(1);
      expect(await health('checkout')).toEqual({ status: 'unhealthy', healthyChecks: 0, totalChecks: 2 });
      const resolved = await post(payload('alertmanager-resolved'));
      expect(resolved.changeIds).toHaveLength(3);
      expect(await healthChanges()).toBe(2);
      expect(await health('checkout')).toEqual({ status: 'healthy', healthyChecks: 0, totalChecks: 0 });
      expect(await f.rows('select 1 from health_checks')).toEqual([]);
      expect(await f.rows(`select 1 from changes where event is not null`)).toEqual([]);
    });

    test('the time of receipt is used, not startsAt', async () => {
      await post(payload('alertmanager-firing'));
      const [change] = await f.rows<{ occurred_at: Date }>(`select occurred_at from changes where kind = 'health'`);
      expect(change?.occurred_at).toEqual(f.clock.now());
    });

    test('the same alerts from a second Alertmanager have no effect', async () => {
      await post(payload('alertmanager-firing'));
      expect(await post(payload('alertmanager-firing'))).toEqual({ changeIds: [] });
      await post(payload('alertmanager-resolved'));
      expect(await post(payload('alertmanager-resolved'))).toEqual({ changeIds: [] });
    });

    test('resolving an unknown alert creates no system and has no effect', async () => {
      expect(await post(payload('alertmanager-resolved'))).toEqual({ changeIds: [] });
      expect(await f.rows('select 1 from systems')).toEqual([]);
      expect(await f.rows('select 1 from changes')).toEqual([]);
    });

    test('a severity below critical makes the system degraded, even if its checks are healthy', async () => {
      await inTransaction((write) =>
        ingestHealth(write, parseHealthResults({ systemId: 's', configurationId: 'http', status: 'healthy' })),
      );
      await post(alert('firing', { system: 's', severity: 'warning' }));
      expect(await health('s')).toEqual({ status: 'degraded', healthyChecks: 1, totalChecks: 2 });
      await post(alert('firing', { system: 's', severity: 'page' }));
      expect(await health('s')).toMatchObject({ status: 'unhealthy' });
      await post(alert('resolved', { system: 's', severity: 'page' }));
      expect(await health('s')).toEqual({ status: 'healthy', healthyChecks: 1, totalChecks: 1 });
    });

    test('the system is found by the configured label, as an id, then as a name, then by the next label', async () => {
      await inTransaction((write) => createSystem(write, { id: 'sys-7', name: 'Check out' }));
      await post(alert('firing', { system: 'Check out', severity: 'critical' }));
      expect(await health('sys-7')).toMatchObject({ status: 'unhealthy' });
      await post(alert('firing', { team: 'db', system: 'x' }, 'f2'), ['team', ...LABELS]);
      await post(alert('firing', { job: 'api', instance: '10.0.0.1' }, 'f3'));
      const systems = await f.rows<{ id: string }>('select id from systems order by id');
      expect(systems.map((system) => system.id)).toEqual(['api', 'db', 'sys-7']);
    });

    test('an invalid alert does not affect the others, and an alert without a system label changes no health', async () => {
      const body = payload('alertmanager-firing');
      const message = alertmanagerSender.read({
        ...{ ...body, version: 1, groupKey: undefined },
        alerts: [{ status: 'maybe', labels: { a: 'b' } }, ...body.alerts, { status: 'firing', labels: {} }],
      });
      expect(rejectedOf(message.elements).map(({ index }) => index)).toEqual([0, 3]);
      await inTransaction((write) => receiveAlerts(write, [message], { systemLabels: LABELS, severities }));
      expect(await health('checkout')).toMatchObject({ status: 'unhealthy' });
      await post(alert('firing', { alertname: 'Watchdog', severity: 'none' }, 'watchdog'));
      const watchdog = (await f.store.get(f.db, 'alert', 'watchdog'))?.state;
      expect(watchdog).toMatchObject({ status: 'firing', name: 'Watchdog' });
      expect(watchdog).not.toHaveProperty('systemId');
    });

    test('concurrent Alertmanagers, with systems in any order, neither deadlock nor duplicate a change', async () => {
      const alerts = ['a', 'b', 'c', 'd'].map((system) => ({
        ...{ status: 'firing', labels: { system, severity: 'critical' }, fingerprint: `f-${system}` },
      }));
      const bodies = Array.from({ length: 8 }, (_, i) => ({
        version: '4',
        alerts: i % 2 ? alerts : [...alerts].reverse(),
      }));
      const answers = await Promise.all(bodies.map((body) => post(body)));
      expect(answers.flatMap((answer) => answer.changeIds)).toHaveLength(8);
      expect(await healthChanges()).toBe(4);
    });
  });

  describe('CloudEvents', () => {
    const event = (id: string, more: object = {}) => ({
      specversion: '1.0',
      id,
      source: '/ci',
      type: 'deploy.done',
      ...more,
    });
    const post = (body: unknown, principal = 'token-1') =>
      inTransaction((write) => ingestCloudEvents(write, parseCloudEvents({}, body), principal));

    test('become automation.event with the subject as context key and the time as occurredAt', async () => {
      const { changeIds } = await post(
        event('1', { subject: 'shop', time: '2026-11-20T09:00:00Z', data: { ok: true } }),
      );
      const [row] = await f.rows<Record<string, unknown>>('select * from changes');
      expect(row).toMatchObject({
        ...{ change_id: changeIds[0], event: 'automation.event', context_key: 'shop', kind: 'event' },
        ...{ payload: { type: 'deploy.done', source: '/ci', subject: 'shop', data: { ok: true } } },
        occurred_at: new Date('2026-11-20T09:00:00Z'),
      });
    });

    test('are identified by source and id: a repeat returns the same response and has no effect', async () => {
      const first = await post(event('1'));
      expect(await post(event('1'))).toEqual(first);
      await post(event('1', { source: '/other' }));
      expect(await f.rows('select 1 from changes')).toHaveLength(2);
    });

    test('are dropped and reported if they have the source and id of a different event', async () => {
      const { changeIds } = await post(event('1'));
      const again = await post([event('1', { type: 'other' }), event('2')]);
      expect(again.mismatched).toEqual([{ source: '/ci', id: '1' }]);
      expect(again.changeIds).toEqual([changeIds[0], expect.any(String)]);
      expect(await f.rows('select 1 from changes')).toHaveLength(2);
    });

    test('from two callers are different events, even with the same source and id', async () => {
      const first = await post(event('1'));
      const second = await post(event('1'), 'token-2');
      expect(second.mismatched).toEqual([]);
      expect(second.changeIds).not.toEqual(first.changeIds);
      expect(await f.rows('select 1 from changes')).toHaveLength(2);
    });

    test('keep their order in a batch; repeats of events in the batch and of earlier events are dropped', async () => {
      const [one] = (await post(event('1'))).changeIds;
      const { changeIds } = await post([event('3'), event('1'), event('2'), event('3')]);
      expect(changeIds).toHaveLength(3);
      expect(changeIds[1]).toBe(one);
      const rows = await f.rows<{ id: string }>(`select payload ->> 'id' as id from changes order by seq`);
      expect(rows.map((row) => row.id)).toEqual(['1', '3', '2']);
    });

    test('are appended once if they are delivered many times at once', async () => {
      const batch = Array.from({ length: 20 }, (_, i) => event(`e${i}`));
      const answers = await Promise.all(
        Array.from({ length: 6 }, (_, i) => post(i % 2 ? batch : [...batch].reverse())),
      );
      expect(await f.rows('select 1 from changes')).toHaveLength(20);
      for (const { changeIds } of answers) expect(new Set(changeIds).size).toBe(20);
    });

    test('can be an empty batch', async () => {
      expect(await post([])).toEqual({ changeIds: [], mismatched: [] });
    });
  });

  test('other requests are identified by their Idempotency-Key, per caller, whatever their content', async () => {
    const post = (principal: string, contentHash: string, configurationId = 'c') =>
      inTransaction((write) =>
        onceByKey(write.tx, { principal, route: 'health', key: 'key-1', contentHash }, () =>
          ingestHealth(write, parseHealthResults({ systemId: 's', configurationId, status: 'unhealthy' })),
        ),
      );
    const first = await post('token-1', 'hash-1');
    expect(first).toMatchObject({ changeIds: [expect.any(String), expect.any(String), expect.any(String)] });
    expect(await post('token-1', 'hash-1')).toEqual(first);
    expect(await post('token-1', 'hash-2', 'other')).toEqual({ ...first, mismatched: true });
    expect(await post('token-2', 'hash-1', 'other')).not.toEqual(first);
  });

  test('health results are accepted individually or in batches; an invalid result is reported with its index', () => {
    const good = { systemId: 's', configurationId: 'c', status: 'healthy' };
    expect(parseHealthResults(good)).toHaveLength(1);
    expect(parseHealthResults({ results: [good, good] })).toHaveLength(2);
    expect(() => parseHealthResults({ results: [good, { ...good, status: 'fine' }] })).toThrow(
      expect.objectContaining({ data: { index: 1 }, errors: [expect.objectContaining({ path: 'results[1].status' })] }),
    );
    for (const bad of [null, 'x', [], { results: 1 }, { results: [], more: 1 }]) {
      expect(() => parseHealthResults(bad)).toThrow(expect.objectContaining({ code: 'validation_failed' }));
    }
  });
});
