import { useService } from '../support/engine';
import { runSteps } from '../support/run-steps';
import { until } from '../support/until';

describe('the domains around systems', () => {
  const { engine, api } = useService();

  const request = (method: string, path: string, body?: unknown) => engine.request(api, method, path, body);
  const call = (method: string, path: string, body?: unknown) => engine.call(api, method, path, body);
  const report = (systemId: string, status: string) =>
    call('POST', '/health/results', { systemId, configurationId: 'http', status });
  const listener = (event: string, more = '') =>
    engine.save(`
name: On ${event}
mode: parallel
max_runs: 100
triggers: [{ event: ${event} ${more} }]
actions: [{ action: automation.log, config: { message: received } }]
`);
  const payloads = async (id: string, count: number) => {
    const runs = await engine.ended(count, id, 20_000);
    return runs.map((run) => (run['trigger_scope'] as { payload: Record<string, unknown> }).payload);
  };
  const run = (type: string, steps: string) => runSteps(engine, type, steps);

  test('a group contains systems, and emits events when it is created, updated and deleted', async () => {
    const listeners = await Promise.all(
      ['created', 'updated', 'deleted'].map((what) => listener(`catalog.group_${what}`)),
    );
    expect(await call('POST', '/system-groups', { id: 'core', name: 'Core' })).toMatchObject({
      id: 'core',
      name: 'Core',
      metadata: {},
    });
    expect((await request('POST', '/system-groups', { id: 'core', name: 'Again' })).status).toBe(409);
    expect(await call('POST', '/systems', { id: 'ledger', name: 'Ledger', groupIds: ['core'] })).toMatchObject({
      groupIds: ['core'],
    });
    expect((await request('POST', '/systems', { id: 'other', name: 'Other', groupIds: ['nope'] })).status).toBe(422);
    await call('PATCH', '/system-groups/core', { name: 'Core systems' });
    await call('DELETE', '/system-groups/core');
    expect(await call('GET', '/systems/ledger')).toMatchObject({ groupIds: [] });
    expect((await request('GET', '/system-groups/core')).status).toBe(404);
    expect(await payloads(listeners[0] ?? '', 1)).toEqual([{ groupId: 'core', name: 'Core' }]);
    expect(await payloads(listeners[1] ?? '', 1)).toEqual([
      { groupId: 'core', name: 'Core systems', changedFields: ['name'] },
    ]);
    expect(await payloads(listeners[2] ?? '', 1)).toEqual([{ groupId: 'core', name: 'Core systems' }]);
  }, 180_000);

  test('groups are listed newest first, page by page, regardless of their ids', async () => {
    for (const id of ['paged-m', 'paged-z', 'paged-a']) {
      expect(await call('POST', '/system-groups', { id, name: id, description: 'one of three' })).toMatchObject({
        description: 'one of three',
      });
    }
    const first = await call('GET', '/system-groups?limit=2');
    const rest = await call('GET', `/system-groups?limit=2&cursor=${String(first['nextCursor'])}`);
    const ids = [first, rest].flatMap((page) => (page['items'] as { id: string }[]).map(({ id }) => id));
    expect(ids.filter((id) => id.startsWith('paged-'))).toEqual(['paged-a', 'paged-z', 'paged-m']);
    const { body } = await request('GET', '/entities/catalog-group/paged-a');
    expect(body['state']).toEqual({ name: 'paged-a', description: 'one of three', metadata: {} });
  }, 180_000);

  test('an automation merges or replaces the metadata of a system', async () => {
    await call('POST', '/systems', {
      id: 'meta',
      name: 'Meta',
      metadata: { tier: 1, owner: 'ada', old: true, site: { city: 'Ulm' } },
    });
    const { run: ended } = await run(
      'meta',
      `  - { id: merge, action: catalog.update_metadata, config: { systemId: meta, metadata: { tier: 2, old: null, site: { hall: 2 } } } }
  - { condition: "artifacts.merge.system_record.metadata.owner == 'ada' && artifacts.merge.system_record.metadata.site.hall == 2" }
  - { condition: "artifacts.merge.system_record.metadata.site.city == 'Ulm' && !artifacts.merge.system_record.metadata.old" }
  - { action: catalog.update_metadata, config: { systemId: meta, strategy: replace, metadata: { only: true } } }`,
    );
    expect(ended).toMatchObject({ status: 'success', ended_by: null });
    expect(await call('GET', '/systems/meta')).toMatchObject({ metadata: { only: true } });
  }, 180_000);

  test('a dependency on itself, a duplicate and a cycle are refused, even from two concurrent writers', async () => {
    for (const id of ['a', 'b', 'c']) await call('POST', '/systems', { id, name: id });
    const edge = (sourceSystemId: string, targetSystemId: string) => ({
      sourceSystemId,
      targetSystemId,
      impactType: 'critical',
    });
    expect((await request('POST', '/dependencies', edge('a', 'a'))).status).toBe(409);
    const made = await call('POST', '/dependencies', edge('a', 'b'));
    expect(made).toMatchObject({
      sourceSystemId: 'a',
      targetSystemId: 'b',
      impactType: 'critical',
      transitive: false,
      label: null,
    });
    expect((await request('POST', '/dependencies', edge('a', 'b'))).status).toBe(409);
    expect((await request('POST', '/dependencies', edge('b', 'a'))).status).toBe(409);
    expect((await request('POST', '/dependencies', edge('a', 'nowhere'))).status).toBe(404);
    const both = await Promise.all([
      request('POST', '/dependencies', edge('b', 'c')),
      request('POST', '/dependencies', edge('c', 'a')),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409]);
    const list = (await call('GET', '/dependencies?systemId=a')) as { items: unknown[] };
    expect(list.items.length).toBeGreaterThanOrEqual(1);
    await call('PATCH', `/dependencies/${String(made['id'])}`, { transitive: true, label: 'reads' });
    expect(await call('GET', `/dependencies/${String(made['id'])}`)).toMatchObject({
      transitive: true,
      label: 'reads',
    });
    expect((await request('DELETE', `/dependencies/${String(made['id'])}`)).status).toBe(204);
  }, 180_000);

  test('automations create and delete dependencies; deleting a system deletes its dependencies and objectives', async () => {
    // An event that an earlier test left unrouted would also start this automation.
    await engine.routed(60_000);
    const gone = await listener('dependency.deleted');
    for (const id of ['web', 'db']) await call('POST', '/systems', { id, name: id });
    const { run: ended } = await run(
      'edges',
      `  - { action: dependency.create, config: { sourceSystemId: web, targetSystemId: db, impactType: degraded } }
  - { action: dependency.remove }
  - { action: dependency.create, config: { sourceSystemId: web, targetSystemId: db, impactType: degraded } }`,
    );
    expect(ended?.status).toBe('success');
    const circle = await run(
      'edges.circle',
      `  - { action: dependency.create, config: { sourceSystemId: db, targetSystemId: web, impactType: degraded } }`,
    );
    expect(circle.run).toMatchObject({ status: 'failed', error: { code: 'conflict' } });
    const slo = await call('POST', '/slos', { systemId: 'db', name: 'Up', target: 99 });
    await call('DELETE', '/systems/db');
    expect((await request('GET', `/slos/${String(slo['id'])}`)).status).toBe(404);
    expect(((await call('GET', '/dependencies?systemId=web')) as { items: unknown[] }).items).toEqual([]);
    expect(await payloads(gone, 2)).toEqual([
      expect.objectContaining({ sourceSystemId: 'web', targetSystemId: 'db' }),
      expect.objectContaining({ sourceSystemId: 'web', targetSystemId: 'db' }),
    ]);
  }, 180_000);

  test('problems and recoveries propagate to dependent systems', async () => {
    const listening = await listener(
      'dependency.impact_propagated',
      ', filter: trigger.payload.sourceSystemId == "pg"',
    );
    for (const id of ['pg', 'api', 'front', 'report']) await call('POST', '/systems', { id, name: id });
    await call('POST', '/dependencies', { sourceSystemId: 'api', targetSystemId: 'pg', impactType: 'critical' });
    await call('POST', '/dependencies', {
      sourceSystemId: 'front',
      targetSystemId: 'api',
      impactType: 'degraded',
      transitive: true,
    });
    await call('POST', '/dependencies', {
      sourceSystemId: 'report',
      targetSystemId: 'pg',
      impactType: 'informational',
    });
    await report('pg', 'unhealthy');
    await report('pg', 'healthy');
    await report('front', 'unhealthy');
    const [down, up] = await payloads(listening, 2);
    expect(down).toEqual({
      sourceSystemId: 'pg',
      affectedSystems: [
        { systemId: 'api', previousState: 'healthy', newState: 'unhealthy' },
        { systemId: 'front', previousState: 'healthy', newState: 'degraded' },
      ],
      timestamp: expect.any(String) as string,
    });
    expect(up?.['affectedSystems']).toContainEqual({
      systemId: 'api',
      previousState: 'unhealthy',
      newState: 'healthy',
    });
    expect(await engine.runs(listening)).toHaveLength(2);
  }, 180_000);

  test('a satellite connects with its first heartbeat and is lost after its timeout; `for:` applies to the loss', async () => {
    const [connected, lost, disconnected] = await Promise.all(
      ['connected', 'heartbeat_lost', 'disconnected'].map((what) => listener(`satellite.${what}`)),
    );
    const long = await listener('satellite.heartbeat_lost', ', for: { seconds: 1 }');
    const made = await call('POST', '/satellites', { name: 'eu', region: 'eu-west', heartbeatTimeoutSeconds: 1 });
    expect(made).toMatchObject({ name: 'eu', region: 'eu-west', status: 'offline', lastSeenAt: null });
    const id = String(made['id']);
    for (const _ of [1, 2, 3])
      expect(await call('POST', `/satellites/${id}/heartbeat`)).toMatchObject({ status: 'online' });
    expect(await payloads(connected ?? '', 1)).toEqual([
      expect.objectContaining({ satelliteId: id, name: 'eu', region: 'eu-west', status: 'online' }),
    ]);
    expect(await payloads(lost ?? '', 1)).toEqual([expect.objectContaining({ satelliteId: id, status: 'offline' })]);
    expect(await payloads(disconnected ?? '', 1)).toHaveLength(1);
    await payloads(long, 1);
    expect(await call('GET', `/satellites/${id}`)).toMatchObject({ status: 'offline', lastEvent: 'heartbeat_lost' });
    expect((await request('POST', '/satellites/00000000-0000-7000-8000-000000000000/heartbeat', {})).status).toBe(404);
  }, 180_000);

  test('an objective is computed on creation and after changes of health, and automations can read it', async () => {
    await call('POST', '/systems', { id: 'shop', name: 'Shop' });
    const made = await call('POST', '/slos', { systemId: 'shop', name: 'Shop is up', target: 99.9 });
    expect(made).toMatchObject({
      systemId: 'shop',
      target: 99.9,
      windowDays: 30,
      budgetRemainingPercent: 100,
      currentStreak: 0,
    });
    expect((await request('POST', '/slos', { systemId: 'no', name: 'x', target: 99 })).status).toBe(404);
    const low = await engine.save(`
name: Budget is low
mode: parallel
triggers:
  - event: automation.entity_changed
    config: { kind: slo, field: budgetRemainingPercent }
    filter: trigger.payload.next.budgetRemainingPercent < 10
actions: [{ action: automation.log, config: { message: "{{ trigger.payload.next.systemId }}" } }]
`);
    const hourAgo = new Date(Date.now() - 3_600_000).toISOString();
    await call('POST', '/health/results', {
      systemId: 'shop',
      configurationId: 'http',
      status: 'unhealthy',
      timestamp: hourAgo,
    });
    // The first change of health is computed immediately, later changes at most once a minute.
    await engine.ended(1, low, 20_000);
    await call('POST', '/health/results', { systemId: 'shop', configurationId: 'http', status: 'healthy' });
    const { rows: next } = await engine.database.pool.query<{ seconds: number }>(
      `select extract(epoch from compute_at - computed_at)::float as seconds from slos where system_id = 'shop'`,
    );
    expect(next[0]?.seconds).toBeCloseTo(60, 3);
    expect(await call('GET', `/slos/${String(made['id'])}`)).toMatchObject({ budgetRemainingPercent: 0 });
    await until('no objective is due', async () => {
      const { rows } = await engine.database.pool.query<{ soon: boolean }>(
        `select bool_or(compute_at < now()) as soon from slos`,
      );
      return rows[0]?.soon === false;
    });
  }, 180_000);

  test('no system has two open incidents after fifty concurrent runs opened incidents for pairs of systems with a common hub', async () => {
    const id = await engine.save(`
      name: fifty
      mode: parallel
      max_runs: 100
      triggers: [{ event: automation.event, config: { type: fifty } }]
      actions:
        - action: incident.create
          config: { title: Hub, severity: major, systemIds: ["{{ trigger.payload.data.first }}", "{{ trigger.payload.data.second }}"], dedupe_open_for_system: true }
    `);
    await Promise.all(
      Array.from({ length: 50 }, (_, n) => {
        const ends = ['fifty-hub', `fifty-${n % 10}`];
        const [first = '', second = ''] = n % 2 === 0 ? ends : ends.toReversed();
        return engine.emit('fifty', { first, second }, { subject: `s${n}` });
      }),
    );
    const runs = await engine.ended(50, id, 60_000);
    expect(runs.filter(({ status }) => status !== 'success')).toEqual([]);
    const { rows } = await engine.database.pool.query<{ system: string; open: number }>(
      `select s as system, count(*)::int as open from incidents, unnest(system_ids) s
       where status <> 'resolved' and s like 'fifty-%' group by s`,
    );
    expect(rows.map(({ open }) => open)).toEqual(Array(11).fill(1));
  }, 270_000);

  test('no system has two open incidents after fifty concurrent runs opened incidents for neighbours in a ring', async () => {
    const id = await engine.save(`
      name: ring
      mode: parallel
      max_runs: 100
      triggers: [{ event: automation.event, config: { type: ring } }]
      actions:
        - action: incident.create
          config: { title: Ring, severity: major, systemIds: ["ring-{{ trigger.payload.data.n }}", "ring-{{ trigger.payload.data.next }}"], dedupe_open_for_system: true }
    `);
    await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        engine.emit('ring', { n: n % 10, next: (n + 1) % 10 }, { subject: `r${n}` }),
      ),
    );
    const runs = await engine.ended(50, id, 60_000);
    expect(runs.filter(({ status }) => status !== 'success')).toEqual([]);
    const { rows } = await engine.database.pool.query<{ system: string; open: number }>(
      `select s as system, count(*)::int as open from incidents, unnest(system_ids) s
       where status <> 'resolved' and s like 'ring-%' group by s`,
    );
    expect(rows.map(({ open }) => open)).toEqual(Array(10).fill(1));
  }, 270_000);

  test('each of the 300 writes of twenty concurrent writers in two processes starts from the previous state', async () => {
    const other = await engine.api();
    await call('PUT', '/entity-kinds/counter', { schema: { type: 'object' } });
    const put = async (url: string, n: number) => {
      const answer = await fetch(`${url}/api/v1/entities/counter/one`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', authorization: engine.authorization },
        body: JSON.stringify({ n }),
      });
      expect(answer.status).toBe(200);
    };
    await Promise.all(
      Array.from({ length: 20 }, async (_, writer) => {
        for (let n = 0; n < 15; n += 1) await put(writer % 2 === 0 ? api.url : other.url, writer * 100 + n);
      }),
    );
    const { rows } = await engine.database.pool.query<{ prev: unknown; next: unknown }>(
      `select prev, next from changes where kind = 'counter' and entity_id = 'one' order by seq`,
    );
    expect(rows).toHaveLength(300);
    expect(rows[0]?.prev).toBeNull();
    for (const [index, { prev }] of rows.slice(1).entries()) expect(prev).toEqual(rows[index]?.next);
    const fields = await engine.database.pool.query<{ from: unknown; to: unknown }>(
      `select from_value as "from", to_value as "to" from entity_transitions where kind = 'counter' order by id`,
    );
    expect(fields.rows).toHaveLength(300);
    for (const [index, { from }] of fields.rows.slice(1).entries()) expect(from).toEqual(fields.rows[index]?.to);
  }, 180_000);

  test('a token that one process revokes is refused by another within 200 ms', async () => {
    const other = await engine.api();
    const made = await call('POST', '/tokens', { name: 'brief', roles: ['viewer'] });
    const status = async () =>
      (
        await fetch(`${other.url}/api/v1/automations`, {
          headers: { authorization: `Bearer ${String(made['token'])}` },
        })
      ).status;
    expect(await status()).toBe(200);
    await request('DELETE', `/tokens/${String(made['id'])}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await status()).toBe(401);
  }, 180_000);
});
