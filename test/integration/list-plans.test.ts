import { listAlerts } from '../../src/db/alert-queries';
import { listAudit } from '../../src/db/audit';
import { createDatabase, type Database } from '../../src/db/client';
import type { Executor } from '../../src/db/executor';
import { entityStoreOf } from '../support/entity-fixture';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { rowsReadBy } from '../support/rows-read';

/** Rows of each table: far more than the rows that a page may read. */
const ROWS = 20_000;
const PAGE = 50;
/** Rows that the plan of one page may read from all partitions and tables together. */
const MAX_READ = 10 * PAGE;

let own: TestDatabase;
let database: Database;

beforeAll(async () => {
  own = await createTestDatabase();
  database = createDatabase(own.url);
  const query = (text: string) => database.pool.query(text);
  // One entry each 100 s up to now: those of older months lie in the first partition.
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
  ['of all', {}, PAGE],
  ['of a person with few', { actorId: 'rare' }, 10],
  ['of a person with many', { actorId: 'person-3' }, PAGE],
  ['of nobody', { actorId: 'nobody' }, 0],
  ['of an action that is rare', { action: 'tokens.create' }, 10],
  ['of an action that is old', { action: 'automations.update' }, PAGE],
  ['that were refused', { outcome: 'refused' }, 10],
  ['that failed', { outcome: 'failed' }, 0],
  ['until 10 days ago', { to: daysAgo(10) }, PAGE],
  ['of a day', { from: daysAgo(11), to: daysAgo(10) }, PAGE],
  ['of a person until 10 days ago', { actorId: 'person-3', to: daysAgo(10) }, PAGE],
])('a page of entries of the audit log %s reads few rows', async (_of, filter, found) => {
  const { result, read } = await reading((db) => listAudit(db, filter, first));
  expect(result).toHaveLength(found);
  expect(read).toBeLessThanOrEqual(MAX_READ);
});

it('the next page of the audit log follows the one before, whatever the ids', async () => {
  const all = await listAudit(database.db, {}, { limit: 2 * PAGE, before: undefined });
  const times = all.map(({ at }) => at.getTime());
  expect(times).toEqual([...times].sort((one, other) => other - one));
  const { result, read } = await reading((db) => listAudit(db, {}, { limit: PAGE, before: all[PAGE - 1]?.id }));
  expect(result).toEqual(all.slice(PAGE));
  expect(read).toBeLessThanOrEqual(MAX_READ);
});

it.each([
  ['all', {}, PAGE],
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
