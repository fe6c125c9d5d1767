import { matchingRunIds } from '../../src/db/run-queries';
import { BASE, startApiHarness, type ApiHarness } from './api-harness';

let api: ApiHarness;
let disk: string;
let backup: string;

const MORE_THAN_SEARCHED = 20_100;

/** Adds ended runs of an automation, one per second. The newest run has the time `until`. Ids begin with the time. */
const addRuns = (automationId: string, count: number, until: string, { context = 'host', status = 'success' } = {}) =>
  api.rows(
    `insert into runs (id, automation_id, version, scope_key, mode, status, trigger_event, context_key, trigger_scope, root_run_id,
       workflow_id, created_at, finished_at)
     select id, $1::text::uuid, 1, '*', 'parallel', $5, 'alert.fired', $4, '{}', id, id::text, at, at
     from (select at, (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7000'
         || '8' || right(md5($1::text || n), 15))::uuid as id
       from (select n, $3::timestamptz - n * interval '1 second' as at from generate_series(0, $2::int - 1) n) t) r`,
    [automationId, count, until, context, status],
  );
const automation = async (name: string) => {
  const body = {
    name,
    triggers: [{ event: 'healthcheck.system_degraded' }],
    actions: [{ action: 'automation.log', config: { message: 'x' } }],
  };
  return String((await api.call('POST', `${BASE}/automations`, { body })).body.id);
};
const list = async (query: string) => {
  const { status, body } = await api.call('GET', `${BASE}/runs?${query}`);
  expect(status).toBe(200);
  return body as unknown as {
    items: { id: string; automationName: string; contextKey: string; status: string }[];
    nextCursor: string | null;
    counts: Record<string, number>;
    countsAtLeast: string[];
  };
};

beforeAll(async () => {
  api = await startApiHarness();
  disk = await automation('Disk full');
  backup = await automation('Nightly backup');
  await addRuns(backup, 3, '2026-01-01T00:00:00Z', { context: 'old-host' });
  await addRuns(disk, MORE_THAN_SEARCHED - 3, '2026-02-01T00:00:00Z');
  await addRuns(disk, 2, '2026-02-02T00:00:00Z', { context: 'web-7', status: 'failed' });
  await addRuns(backup, 1, '2026-02-03T00:00:00Z', { context: 'db-7', status: 'cancelled' });
});
afterAll(() => api.end());

it('counts at most 10,000 runs per status, and returns the statuses that have more', async () => {
  const { counts, countsAtLeast } = await list('counts=true');
  expect(counts).toEqual({ pending: 0, running: 0, waiting: 0, success: 10_000, failed: 2, cancelled: 1 });
  expect(countsAtLeast).toEqual(['success']);
});

it('counts the runs of an automation, but only the newest 10,000 of all ended runs', async () => {
  const few = await list(`counts=true&automationId=${backup}`);
  expect(few).toMatchObject({ counts: { success: 3, cancelled: 1, failed: 0 }, countsAtLeast: [] });
  const many = await list(`counts=true&automationId=${disk}`);
  expect(many.counts).toMatchObject({ failed: 2, cancelled: 0 });
  expect(many.countsAtLeast).toEqual(['success', 'failed', 'cancelled']);
});

it('filters by the time of creation, including both bounds', async () => {
  const { items, counts } = await list('counts=true&from=2026-02-01T23:59:59Z&to=2026-02-03T00:00:00Z');
  expect(items.map(({ contextKey }) => contextKey)).toEqual(['db-7', 'web-7', 'web-7']);
  expect(counts).toMatchObject({ success: 0, failed: 2, cancelled: 1 });
  expect((await list('from=2026-02-02T00:00:00Z&to=2026-02-02T00:00:00Z')).items).toHaveLength(1);
});

it('finds a run by its time of creation even if its cause is much older', async () => {
  await api.rows(
    `insert into runs (id, automation_id, version, scope_key, mode, status, trigger_event, context_key, trigger_scope, root_run_id,
       workflow_id, created_at, finished_at)
     values ('01000000-0000-8000-8000-000000000000', $1, 1, '*', 'parallel', 'success', 'alert.fired', 'late', '{}',
       '01000000-0000-8000-8000-000000000000', 'late', '2026-03-01', '2026-03-01')`,
    [backup],
  );
  const { items } = await list('from=2026-02-28T00:00:00Z&to=2026-03-02T00:00:00Z');
  expect(items).toMatchObject([{ contextKey: 'late' }]);
  await api.rows(`delete from runs where context_key = 'late'`, []);
});

it('returns the type of a custom event, and finds a run by it', async () => {
  const [id] = (await list('status=cancelled')).items.map((run) => run.id);
  await api.rows(`update runs set trigger_event = 'automation.event', trigger_scope = $2 where id = $1`, [
    id,
    JSON.stringify({ payload: { type: 'deploy.finished', subject: 'db-7' } }),
  ]);
  const named = { triggerEvent: 'automation.event', customType: 'deploy.finished' };
  for (const query of ['limit=1', 'q=DEPLOY.fin', 'q=deploy.fin&status=cancelled,failed']) {
    expect((await list(query)).items[0]).toMatchObject({ id, ...named });
  }
  expect((await api.call('GET', `${BASE}/runs/${String(id)}`)).body).toMatchObject({ run: named });
  expect((await list('status=failed')).items[0]).toMatchObject({ triggerEvent: 'alert.fired', customType: null });
  await api.rows(`update runs set trigger_event = 'alert.fired', trigger_scope = '{}' where id = $1`, [id]);
});

it('lists several statuses in one order, page by page', async () => {
  const first = await list('status=failed,cancelled&limit=2');
  expect(first.items.map(({ status }) => status)).toEqual(['cancelled', 'failed']);
  const second = await list(`status=failed,cancelled&limit=2&cursor=${String(first.nextCursor)}`);
  expect(second).toMatchObject({ items: [{ status: 'failed' }], nextCursor: null });
});

describe('the order of runs', () => {
  /**
   * Creation times of the runs, newest first. Run ids begin with the time of the cause. Here, a run that was created
   * later has an older cause.
   */
  const created = [
    '2026-03-01T00:00:00.000002Z',
    '2026-03-01T00:00:00.000001Z',
    '2026-03-01T00:00:00.000001Z',
    '2026-02-28T12:00:00Z',
    '2026-02-28T11:00:00Z',
  ];
  const ids = [1, 3, 2, 4, 5].map((digit) => `01000000-000${digit}-8000-8000-000000000000`);
  let late: string;

  beforeAll(async () => {
    late = await automation('Late effects');
    await api.rows(
      `insert into runs (id, automation_id, version, scope_key, mode, status, trigger_event, context_key, trigger_scope, root_run_id,
         workflow_id, error, created_at, finished_at)
       select id, $1, 1, '*', 'queued', case when n % 2 = 1 then 'failed' else 'cancelled' end, 'alert.fired', 'late',
         '{"payload": {"fingerprint": "late"}}', id, id::text, '{"code": "late"}', at, at
       from unnest($2::uuid[], $3::timestamptz[]) with ordinality as r(id, at, n)`,
      [late, ids, created],
    );
  });
  afterAll(() => api.rows('delete from runs where automation_id = $1', [late]));

  const pages = async (filter: string) => {
    const found: string[] = [];
    for (let cursor = ''; ;) {
      const page = await list(`limit=2${filter}${cursor}`);
      found.push(...page.items.map(({ id }) => id));
      if (page.nextCursor === null || found.length >= ids.length) return found;
      cursor = `&cursor=${page.nextCursor}`;
    }
  };

  it.each([
    ['without a filter', ''],
    ['of statuses', '&status=failed,cancelled'],
    ['of a context', '&contextKey=late'],
    ['of an error code', '&errorCode=late'],
    ['of a period', '&from=2026-02-28T00:00:00Z&to=2026-03-02T00:00:00Z'],
    ['with a text in the name', '&q=late%20eff'],
    ['with a text in the context', '&q=lat&status=failed,cancelled'],
  ])('is that of their creation in lists %s, and pages lose and repeat none', async (_of, filter) => {
    expect((await pages(filter)).slice(0, ids.length)).toEqual(ids);
  });

  it('is that of their creation in lists of an automation, and of one status', async () => {
    expect(await pages(`&automationId=${late}`)).toEqual(ids);
    expect(await pages(`&automationId=${late}&status=failed`)).toEqual([ids[0], ids[2], ids[4]]);
    expect((await pages('&status=failed')).slice(0, 3)).toEqual([ids[0], ids[2], ids[4]]);
    expect((await list(`automationId=${late}&limit=1`)).items).toMatchObject([
      { id: ids[0], createdAt: '2026-03-01T00:00:00.000Z' },
    ]);
  });

  it('is that of their creation in the runs of an alert, and in the retries of a run', async () => {
    await api.rows(
      `insert into entities (kind, id, state, created_at, updated_at) values ('alert', 'late', $1, now(), now())`,
      [
        {
          status: 'firing',
          name: 'Late',
          severity: null,
          labels: {},
          annotations: {},
          startsAt: '2026-02-01T00:00:00Z',
          source: 'x',
        },
      ],
    );
    await api.rows(
      `insert into alerts (fingerprint, source, status, labels, starts_at, last_received_at)
       values ('late', 'x', 'firing', '{}', '2026-02-01', '2026-02-01')`,
      [],
    );
    const { body: alert } = await api.call('GET', `${BASE}/alerts/late`);
    expect((alert as { runs: { id: string }[] }).runs.map(({ id }) => id)).toEqual(ids);

    const original = ids.at(-1) ?? '';
    await api.rows('update runs set parent_run_id = $1 where id = any($2::uuid[])', [original, ids.slice(0, 3)]);
    const { body } = await api.call('GET', `${BASE}/runs/${original}`);
    expect((body as { run: { retriedBy: { id: string }[] } }).run.retriedBy.map(({ id }) => id)).toEqual(
      ids.slice(0, 3).reverse(),
    );
  });

  it('is that of their creation if they are ended together', async () => {
    expect(await matchingRunIds(api.database.db, { automationId: late })).toEqual(ids);
  });

  it('is explained to a client with a cursor of an earlier release', async () => {
    const cursor = Buffer.from(JSON.stringify(ids[0])).toString('base64url');
    const { status, body } = await api.call('GET', `${BASE}/runs?cursor=${cursor}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'bad_request', detail: expect.stringContaining('another order') as string });
  });
});

describe('the text filter', () => {
  it('finds automation names and whole context keys among all runs, newest first', async () => {
    const named = await list('q=BACKUP&counts=true&limit=3');
    expect(named.items.map(({ contextKey }) => contextKey)).toEqual(['db-7', 'old-host', 'old-host']);
    expect(named).toMatchObject({ counts: { success: 3, cancelled: 1 }, countsAtLeast: [] });
    const rest = await list(`q=BACKUP&limit=3&cursor=${String(named.nextCursor)}`);
    expect(rest).toMatchObject({ items: [{ contextKey: 'old-host' }], nextCursor: null });
    expect((await list('q=old-host')).items).toHaveLength(3);
  });

  it('finds parts of context keys and events in the newest 20,000 runs that match the other filters', async () => {
    expect((await list('q=-7')).items.map(({ contextKey }) => contextKey)).toEqual(['db-7', 'web-7', 'web-7']);
    expect((await list('q=old-')).items).toEqual([]);
    expect((await list('q=old-&to=2026-01-02T00:00:00Z')).items).toHaveLength(3);
    expect((await list('q=t.fir&status=cancelled')).items).toMatchObject([{ contextKey: 'db-7' }]);
    expect((await list(`q=db-&automationId=${disk}`)).items).toEqual([]);
    expect((await list('q=%25')).items).toEqual([]);
  });

  it('finds a run by its id if it matches the other filters', async () => {
    const [run] = (await list('status=cancelled')).items;
    const id = run?.id ?? '';
    expect((await list(`q=${id.toUpperCase()}`)).items).toMatchObject([{ id }]);
    expect((await list(`q=${id}&status=failed`)).items).toEqual([]);
  });
});
