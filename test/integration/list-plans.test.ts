import { listAlerts } from '../../src/db/alert-queries';
import { listAudit } from '../../src/db/audit';
import { listRuns } from '../../src/db/run-queries';
import { countRuns, matchingIds } from '../../src/db/run-search';
import { runStats } from '../../src/db/run-stats';
import { createDatabase, type Database } from '../../src/db/client';
import type { Executor } from '../../src/db/executor';
import { entityStoreOf } from '../support/entity-fixture';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { rowsReadBy } from '../support/rows-read';

/** Number of rows per table, far more than a page may read. */
const ROWS = 20_000;
const PAGE = 50;
/** Maximum number of rows that the plan of one page may read from all partitions and tables together. */
const MAX_READ = 10 * PAGE;

let own: TestDatabase;
let database: Database;

const BUSY = '00000000-0000-4000-8000-000000000001';
const RARE = '00000000-0000-4000-8000-000000000002';

beforeAll(async () => {
  own = await createTestDatabase();
  database = createDatabase(own.url);
  const query = (text: string) => database.pool.query(text);
  // One entry every 100 s up to now. Entries of past months are in the first partition.
  const entry = (at: string, facts: string) =>
    query(`insert into audit_log (at, actor, action, outcome)
      select ${at}, jsonb_build_object('type', 'user', 'id', ${facts} from generate_series(1, ${ROWS}) as n`);
  await entry(
    `now() - n * interval '100 seconds'`,
    `case when n > ${ROWS} - 10 then 'rare' else 'person-' || n % 5 end),
     case when n > ${ROWS} - 10 then 'tokens.create' else 'automations.update' end,
     case when n > ${ROWS} - 10 then 'refused' else 'success' end`,
  );
  await entry(`now() + interval '1 month' + n * interval '1 second'`, `'person-' || n % 5), 'hooks.update', 'success'`);
  await query(`insert into alerts (fingerprint, source, status, severity, labels, system_id, starts_at, last_received_at)
    select 'f-' || n, 'alertmanager', 'resolved', case when n < 10 then 'Critical' else 'warning' end, '{}', 'system-' || n % 1000,
      now() - interval '1 hour' + n * interval '1 second', now() from generate_series(1, ${ROWS}) as n`);
  await query(`insert into entities (kind, id, state, created_at, updated_at)
    select kind, 'f-' || n, '{}', now() - interval '1 hour' + n * interval '1 second', now()
    from generate_series(1, ${ROWS}) as n, unnest('{alert,test.thing}'::text[]) as kind`);
  await query(`insert into automations (id, name, status, version, revision, created_at, updated_at)
    select id, id::text, 'disabled', 1, 1, now(), now() from unnest('{${BUSY},${RARE}}'::uuid[]) as id`);
  await query(`insert into automation_versions (automation_id, version, definition, created_at, created_by)
    select id, 1, '{}', now(), '{}' from automations`);
  await query(`insert into runs (id, automation_id, version, scope_key, mode, status, trigger_scope, root_run_id, workflow_id, error,
      context_key, created_at, started_at, finished_at)
    select id, case when n % 1000 = 0 then '${RARE}' else '${BUSY}' end::uuid, 1, '*', 'parallel',
      case when n % 20 = 0 then 'failed' else 'success' end, '{}', id, 'w-' || n,
      case when n % 20 = 0 then jsonb_build_object('code', case when n % 5000 = 0 then 'rare' else 'timeout' end) end,
      'host-' || n % 5000, at, at, at
    from (select n, at, (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7000' || '8'
        || right(md5(n::text), 15))::uuid as id
      from (select n, now() - interval '1 hour' + n * interval '0.1 seconds' as at from generate_series(1, ${ROWS}) as n) as a) as r`);
  await query('vacuum analyze runs');
  await query('analyze');
});
afterAll(async () => {
  await database.close();
  await own.drop();
});

const reading = <T>(work: (db: Executor) => Promise<T>) => rowsReadBy(database, work);

const first = { limit: PAGE, before: undefined };
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);

it.each([
  ['without a filter', {}, PAGE],
  ['of a person with few entries', { actorId: 'rare' }, 10],
  ['of a person with many entries', { actorId: 'person-3' }, PAGE],
  ['of nobody', { actorId: 'nobody' }, 0],
  ['of an action that is rare', { action: 'tokens.create' }, 10],
  ['of an action without recent entries', { action: 'automations.update' }, PAGE],
  ['of refused calls', { outcome: 'refused' }, 10],
  ['of failed calls', { outcome: 'failed' }, 0],
  ['until 10 days ago', { to: daysAgo(10) }, PAGE],
  ['of a day', { from: daysAgo(11), to: daysAgo(10) }, PAGE],
  ['of a person until 10 days ago', { actorId: 'person-3', to: daysAgo(10) }, PAGE],
])('a page of the audit log %s reads few rows', async (_of, filter, found) => {
  const { result, read } = await reading((db) => listAudit(db, filter, first));
  expect(result).toHaveLength(found);
  expect(read).toBeLessThanOrEqual(MAX_READ);
});

it('pages of the audit log are in the order of time, not of ids', async () => {
  const all = await listAudit(database.db, {}, { limit: 2 * PAGE, before: undefined });
  const times = all.map(({ at }) => at.getTime());
  expect(times).toEqual([...times].sort((one, other) => other - one));
  const { result, read } = await reading((db) => listAudit(db, {}, { limit: PAGE, before: all[PAGE - 1]?.id }));
  expect(result).toEqual(all.slice(PAGE));
  expect(read).toBeLessThanOrEqual(MAX_READ);
});

it.each([
  ['without a filter', {}, PAGE],
  ['of a system', { systemId: 'system-7' }, 20],
  ['of an unknown system', { systemId: 'none' }, 0],
  ['of a rare severity', { severity: 'critical' }, 9],
  ['of an unknown severity', { severity: 'none' }, 0],
])('a page of alerts %s reads few rows', async (_of, filter, found) => {
  const { result, read } = await reading((db) => listAlerts(db, filter, { limit: PAGE, after: undefined }));
  expect(result).toHaveLength(found);
  expect(read).toBeLessThanOrEqual(MAX_READ);
});

it('a page of entities of a kind reads few rows', async () => {
  const store = entityStoreOf([]);
  const { result, read } = await reading((db) => store.list(db, 'test.thing', { limit: PAGE }));
  expect(result.map(({ id }) => id).slice(0, 2)).toEqual([`f-${ROWS}`, `f-${ROWS - 1}`]);
  const after = result.at(-1);
  expect(read).toBeLessThanOrEqual(MAX_READ);
  const next = await reading((db) => store.list(db, 'test.thing', { limit: PAGE, ...(after && { after }) }));
  expect(next.result[0]?.id).toBe(`f-${ROWS - PAGE}`);
  expect(next.read).toBeLessThanOrEqual(MAX_READ);
});

it.each([
  ['without a filter', {}, PAGE],
  ['of a status', { status: ['failed'] as const }, PAGE],
  ['of a status that none has', { status: ['cancelled'] as const }, 0],
  ['of several statuses', { status: ['failed', 'cancelled'] as const }, PAGE],
  ['of an automation with many runs', { automationId: BUSY }, PAGE],
  ['of an automation with few runs', { automationId: RARE }, 20],
  ['of a context with few runs', { contextKey: 'host-7' }, 4],
  ['of a period without runs', { from: daysAgo(2), to: daysAgo(1) }, 0],
  ['of an error code', { errorCode: 'timeout' }, PAGE],
  ['of a rare error code', { errorCode: 'rare' }, 4],
  ['of an unknown error code', { errorCode: 'none' }, 0],
  ['of an unknown error code and several statuses', { errorCode: 'none', status: ['failed', 'cancelled'] as const }, 0],
  ['from before the first run', { to: daysAgo(1) }, 0],
])('a page of runs %s reads few rows', async (_of, filter, found) => {
  const { result, read } = await reading(async (db) => {
    const { rows } = await db.execute<{ id: string }>(await matchingIds(db, filter, { limit: PAGE }));
    return rows;
  });
  expect(result).toHaveLength(found);
  expect(read).toBeLessThanOrEqual(MAX_READ);
});

it('the next page of runs reads few rows', async () => {
  const last = (await listRuns(database.db, {}, { limit: ROWS / 2 })).at(-1);
  const { result, read } = await reading((db) => listRuns(db, {}, { limit: PAGE, before: last }));
  expect(result).toHaveLength(PAGE);
  expect(result[0]?.createdAt.localeCompare(last?.createdAt ?? '')).toBe(-1);
  expect(read).toBeLessThanOrEqual(MAX_READ);
});

it('counting the runs of an unknown error code reads few rows', async () => {
  const { result, read } = await reading((db) => countRuns(db, { errorCode: 'none' }));
  expect([...result.values()].every(({ count }) => count === 0)).toBe(true);
  expect(read).toBeLessThanOrEqual(MAX_READ);
});

it('the outcomes of an automation with few runs read only its own runs', async () => {
  const period = { from: daysAgo(1), to: new Date(Date.now() + 3_600_000), bucket: 'hour' as const };
  const { result, read } = await reading((db) => runStats(db, { automationId: RARE, ...period }));
  expect(result.reduce((sum, { success, failed }) => sum + success + failed, 0)).toBe(ROWS / 1000);
  expect(read).toBeLessThanOrEqual(MAX_READ);
});
