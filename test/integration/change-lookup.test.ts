import { buildPartitionIndexes } from '../../src/db/partition-indexes';
import { dropRoutingPartitions, ensureRoutingPartitions } from '../../src/db/day-partitions';
import { insertRoutings, markWithRoutings } from '../../src/db/routings';
import { BASE, startApiHarness, type ApiHarness } from './api-harness';

const AUTOMATION = '0193a5f0-0000-7000-8000-000000000001';

describe('the outcome of a change', () => {
  let h: ApiHarness;
  beforeAll(async () => {
    h = await startApiHarness();
  });
  afterAll(() => h.end());

  /** Inserts an entity change that was routed `hours` hours ago. Returns its id. */
  const change = async (hours = 0) => {
    const [row] = await h.rows<{ change_id: string }>(
      `insert into changes (change_id, partition, kind, entity_id, prev, next, delta, changed_fields, actor, occurred_at,
         recorded_at, routed_at)
       select gen_random_uuid(), 0, 'health', 's', '{}', '{}', '{}', '{status}', '{"type":"user","id":"t"}', at, at, at
       from (select now() - make_interval(hours => $1) as at) as t returning change_id`,
      [hours],
    );
    return row?.change_id ?? '';
  };
  const get = (id: string) => h.call('GET', `${BASE}/changes/${id}`);
  const candidate = (changeId: string) => ({
    ...{ changeId, kind: 'candidate' as const, automationId: AUTOMATION, automationName: 'A', triggerId: 't' },
    ...{ version: 1, outcome: 'filter' },
  });

  test('has an empty list of candidates if there were none, and null after their retention', async () => {
    expect((await get(await change())).body).toMatchObject({ candidates: [], waits: [], runs: [] });
    expect((await get(await change(73))).body).toMatchObject({ candidates: null });
    expect((await get(AUTOMATION)).status).toBe(404);
    expect((await get('no-uuid')).status).toBe(404);
  });

  test('contains the type of a custom event: in lists, in the change and as a cause', async () => {
    const event = { specversion: '1.0', id: 'named', source: '/test', type: 'deploy.finished', subject: 'shop' };
    const sent = await h.call('POST', `${BASE}/events`, { body: event });
    const [changeId = ''] = sent.body['changeIds'] as string[];
    const named = { event: 'automation.event', customType: 'deploy.finished' };
    expect((await get(changeId)).body).toMatchObject({ change: named });
    await h.rows(`update changes set failed_at = now() where change_id = $1`, [changeId]);
    expect((await h.call('GET', `${BASE}/changes/failed`)).body).toMatchObject({ items: [{ changeId, ...named }] });
    expect((await h.call('POST', `${BASE}/changes/${changeId}/retry`)).body).toMatchObject({ changeId, ...named });
    const list = (await h.call('GET', `${BASE}/changes?event=deploy.finished`)).body;
    expect(list).toMatchObject({ items: [{ changeId, ...named }] });
    expect((await get(await change())).body).toMatchObject({ change: { event: null, customType: null } });
    const body = {
      ...{
        name: 'Started by an event',
        triggers: [{ event: 'automation.event', config: { type: 'deploy.finished' } }],
      },
      actions: [{ action: 'automation.log', config: { message: 'a' } }],
    };
    const automation = await h.call('POST', `${BASE}/automations`, { body });
    const { runId } = (await h.call('POST', `${BASE}/automations/${String(automation.body['id'])}/runs`, { body: {} }))
      .body as { runId: string };
    await h.rows(`update runs set change_id = $2 where id = $1`, [runId, changeId]);
    const causes = (await h.call('GET', `${BASE}/runs/${runId}/causes`)).body;
    expect(causes).toMatchObject({ up: [{ changeId, ...named }] });
  });

  test('is found by an entity only if it concerns the system that is also given', async () => {
    const alert = (fingerprint: string, system: string) => ({
      ...{ status: 'firing', fingerprint, labels: { alertname: 'A', system } },
    });
    const alerts = [alert('of-shop', 'shop'), alert('of-till', 'till')];
    expect((await h.call('POST', `${BASE}/ingest/alertmanager`, { body: { alerts } })).status).toBe(202);
    const found = async (query: string) => {
      const { items } = (await h.call('GET', `${BASE}/changes?${query}`)).body as { items: { id: string }[] };
      return items.map(({ id }) => id).sort();
    };
    expect(await found('system=shop')).toEqual(expect.arrayContaining(['of-shop', 'shop']));
    expect(await found('entity=of-shop&system=shop')).toEqual(['of-shop']);
    expect(await found('entity=of-till&system=shop')).toEqual([]);
    expect(await found('entity=shop&system=shop&kind=alert')).toEqual([]);
  });

  test('is stored even if its texts contain characters that Postgres cannot store', async () => {
    const changeId = await change();
    const deciding = { path: 'p', expression: 'e', found: 'a\u0000b\ud800', wanted: null };
    await insertRoutings(h.database.db, [{ ...candidate(changeId), detail: `\u0000${'x'.repeat(900)}`, deciding }]);
    const { candidates } = (await get(changeId)).body as { candidates: { detail: string; deciding: object }[] };
    expect(candidates[0]?.detail).toHaveLength(499);
    expect(candidates[0]?.deciding).toMatchObject({ found: 'ab\ufffd' });
  });

  test('leads to the causes of a run and the nearest of its effects, and reports if there are more', async () => {
    const body = {
      ...{ name: 'Writes many changes', triggers: [{ event: 'automation.event', config: { type: 'any' } }] },
      actions: [{ action: 'automation.log', config: { message: 'a' } }],
    };
    const automation = String((await h.call('POST', `${BASE}/automations`, { body })).body['id']);
    const start = async () => {
      const { body: answer } = await h.call('POST', `${BASE}/automations/${automation}/runs`, { body: {} });
      await h.rows(`update runs set status = 'failed', started_at = now(), finished_at = now() where id = $1`, [
        answer['runId'],
      ]);
      return String(answer['runId']);
    };
    const [writer, started] = [await start(), await start()];
    const retried = await h.call('POST', `${BASE}/runs/${writer}/retry`, { body: {} });
    const wrote = async (runId: string) => {
      const changeId = await change();
      await insertRoutings(h.database.db, [{ changeId, kind: 'caused', outcome: 'caused', runId }]);
      return changeId;
    };
    const causes = async (runId: string) => {
      const answer = await h.call('GET', `${BASE}/runs/${runId}/causes`);
      expect(answer.status).toBe(200);
      return answer.body as { up: object[]; down: object[]; more: boolean; retries: object[] };
    };
    expect(await causes(writer)).toMatchObject({
      ...{ up: [{ runId: writer, automationName: 'Writes many changes', changeId: null }], down: [], more: false },
      retries: [{ id: retried.body['runId'], status: 'pending' }],
    });
    expect((await h.call('GET', `${BASE}/runs/${writer}`)).body).toMatchObject({
      run: { parentRunId: null, retriedBy: [{ id: retried.body['runId'], status: 'pending', startedAt: null }] },
    });
    const first = await wrote(writer);
    await h.rows(`update runs set change_id = $2, caused_by = $3 where id = $1`, [started, first, writer]);
    await insertRoutings(h.database.db, [{ ...candidate(first), outcome: 'started', runId: started }]);
    const second = await wrote(started);
    expect(await causes(writer)).toMatchObject({
      down: [
        { runId: writer, changeId: first, depth: 0, kind: 'health', id: 's', runs: [{ id: started }] },
        { runId: started, changeId: second, depth: 1, runs: [] },
      ],
    });
    expect(await causes(started)).toMatchObject({
      up: [
        { runId: started, changeId: first },
        { runId: writer, changeId: null },
      ],
    });
    for (let count = 0; count < 100; count += 1) await wrote(writer);
    const { down, more } = await causes(writer);
    expect([down.length, more]).toEqual([100, true]);
    expect((await h.call('GET', `${BASE}/runs/${AUTOMATION}/causes`)).status).toBe(404);
  });

  test('is stored once for all changes that are refused together, and only for those that were marked as routed', async () => {
    const worker = AUTOMATION;
    await h.rows(
      `update partition_leases set owner = $1, epoch = 7, expires_at = now() + interval '1 hour' where partition = 0`,
      [worker],
    );
    const unrouted = async () => {
      const id = await change();
      const [row] = await h.rows<{ seq: string }>(
        `update changes set routed_at = null where change_id = $1 returning seq`,
        [id],
      );
      return { id, seq: Number(row?.seq) };
    };
    const [first, second, lost] = [await unrouted(), await unrouted(), await unrouted()];
    const marking = ({ id, seq }: { id: string; seq: number }, found: string, epoch = 7) => ({
      fence: { seq, partition: 0, epoch },
      routings: [
        {
          ...candidate(id),
          ...{ detail: 'The filter is false.' + '!'.repeat(500) },
          deciding: { path: 'triggers[0].filter', expression: 'x == 1', found, wanted: 1 },
        },
      ],
    });
    const mark = (...changes: ReturnType<typeof marking>[]) => markWithRoutings(h.database.db, worker, changes);
    expect(await mark(marking(first, 'a'), marking(lost, 'stale', 6), marking(second, 'b'))).toEqual(
      new Set([first.seq, second.seq]),
    );
    const ids = [first.id, second.id, lost.id];
    const rows = await h.rows(`select kind from routings where change_id = any($1::uuid[])`, [ids]);
    expect(rows).toEqual([{ kind: 'refused' }]);
    const found = async ({ id }: { id: string }) => (await get(id)).body['candidates'] as Record<string, unknown>[];
    expect(await found(first)).toMatchObject([{ automationId: AUTOMATION, deciding: { found: 'a' } }]);
    expect(await found(second)).toMatchObject([{ outcome: 'filter', version: 1, deciding: { found: 'b' } }]);
    expect((await found(second))[0]?.['detail']).toHaveLength(500);
    expect(await found(lost)).toEqual([]);
    // The same worker receives the partition again, and routes the change later.
    expect(await mark(marking(lost, 'late'))).toEqual(new Set([lost.seq]));
    expect(await mark(marking(lost, 'twice'))).toEqual(new Set());
    expect(await found(lost)).toMatchObject([{ deciding: { found: 'late' } }]);
  });

  test('is stored in daily partitions, which are created ahead and dropped as a whole', async () => {
    await h.rows(`create table routings_20200102 (like routings including all)`);
    await h.rows(
      `alter table routings attach partition routings_20200102 for values from ('2020-01-02 00:00:00+00') to ('2020-01-03 00:00:00+00')`,
    );
    expect(await ensureRoutingPartitions(h.database, { daysAhead: 9 })).toHaveLength(6);
    expect(await dropRoutingPartitions(h.database, 72 * 3_600_000)).toBe(1);
    expect(await h.rows(`select 1 from pg_class where relname = 'routings_20200102'`)).toEqual([]);
  });

  test('is found through an index for every list and look-up, without a sequential scan or sort', async () => {
    const plan = async (query: string) => {
      const client = await h.database.pool.connect();
      try {
        // The tables are almost empty, so sequential scans are disabled. The test only checks that an index can answer
        // the query.
        await client.query('begin; set local enable_seqscan = off; set local enable_sort = on');
        const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain ${query}`);
        return rows.map((row) => row['QUERY PLAN']).join('\n');
      } finally {
        await client.query('rollback');
        client.release();
      }
    };
    const queries = [
      `select 1 from routings where change_id = '${AUTOMATION}' and at >= now() - interval '1 day'`,
      `select 1 from routings where kind = 'refused' and at = (select routed_at from changes where change_id = '${AUTOMATION}')`,
      `select 1 from routings where kind = 'caused' and run_id = any('{${AUTOMATION}}'::uuid[]) and at >= now() - interval '1 day'`,
      `select 1 from runs where parent_run_id = '${AUTOMATION}'`,
      `select 1 from changes where change_id = '${AUTOMATION}'`,
      `select 1 from changes where entity_id = 's' order by seq desc limit 50`,
      `select 1 from changes where kind = 'alert' and event is null order by event desc, seq desc limit 50`,
      `select 1 from changes where kind = 'health' and event = 'x' order by seq desc limit 50`,
      `select kind from changes where kind > 'a' order by kind limit 1`,
      `select 1 from changes where entity_id = 's' and seq > 1 and kind = 'health' and event is null
        and recorded_at >= now() - interval '1 minute' and recorded_at < now() order by seq limit 20`,
    ];
    for (const query of queries) {
      const answer = await plan(query);
      expect(answer).not.toMatch(/Seq Scan/);
      expect(answer).not.toMatch(/-> +Sort /);
    }
  });

  test('gets a new index in each existing daily partition', async () => {
    const missing = () =>
      h.rows<{ name: string }>(`select relname as name from pg_class c join pg_index x on x.indexrelid = c.oid
        where relname like 'changes%' and not x.indisvalid`);
    expect(await missing()).toEqual([]);
    await h.rows('create index changes_depth on only changes (depth)');
    expect(await missing()).toEqual([{ name: 'changes_depth' }]);
    const names = await buildPartitionIndexes(h.database);
    expect(names).toContain('changes_default_depth');
    expect(await missing()).toEqual([]);
    expect(await buildPartitionIndexes(h.database)).toEqual([]);
  });
});
