import { changesOfEntityBefore, partitionOf } from '../../src/db/change-log';
import { listChanges } from '../../src/db/change-queries';
import { createDatabase, type Database } from '../../src/db/client';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { rowsReadBy } from '../support/rows-read';

/**
 * Number of changes on one day that have the frequent event and the busy entity. The day has only ten other changes.
 */
const ROWS = 20_000;
const PAGE = 50;

let own: TestDatabase;
let database: Database;

beforeAll(async () => {
  own = await createTestDatabase();
  database = createDatabase(own.url);
  const insert = (kind: string, event: string, entity: string, rows: number) =>
    database.pool.query(
      `insert into changes (change_id, partition, kind, entity_id, event, actor, occurred_at, routed_at)
       select gen_random_uuid(), $5, $1, $2, $3, '{}', now(), now() from generate_series(1, $4)`,
      [kind, entity, event, rows, partitionOf(kind, entity)],
    );
  await insert('custom', 'rare', 'rare-host', 10);
  await insert('custom', 'frequent', 'busy-host', ROWS);
  await database.pool.query('vacuum analyze changes');
});
afterAll(async () => {
  await database.close();
  await own.drop();
});

it.each([
  ['an event that is rare', { sources: [{ kind: 'custom', event: 'rare' }] }, 10],
  ['an event that never occurred', { sources: [{ kind: 'custom', event: 'none' }] }, 0],
  ['a frequent event', { sources: [{ kind: 'custom', event: 'frequent' }] }, PAGE],
  ['an entity with few changes', { entities: [{ id: 'rare-host', kind: 'custom' }] }, 10],
  ['an entity without changes', { entities: [{ id: 'nobody', kind: undefined }] }, 0],
  ['an entity with many changes', { entities: [{ id: 'busy-host', kind: undefined }] }, PAGE],
])('a list of the changes of %s reads few rows, on a day on which one event is frequent', async (_, filter, items) => {
  const page = { limit: PAGE, before: undefined };
  const { result, read } = await rowsReadBy(database, (db) => listChanges(db, filter, page));
  expect(result).toHaveLength(items);
  expect(read).toBeLessThan(10 * PAGE);
});

it('the changes of an entity since one of them are read without those of other entities', async () => {
  const { rows } = await database.pool.query<{ change_id: string }>(
    `select change_id from changes where entity_id = 'rare-host' order by seq limit 1`,
  );
  const range = {
    entity: { kind: 'custom', id: 'rare-host' },
    after: rows[0]?.change_id ?? '',
    before: new Date(Date.now() + 60_000),
  };
  const { result, read } = await rowsReadBy(database, (db) => changesOfEntityBefore(db, range));
  expect(result).toHaveLength(9);
  expect(read).toBeLessThan(10 * PAGE);
});
