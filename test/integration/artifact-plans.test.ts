import { consumedArtifact } from '../../src/activities/consumed-artifact';
import { createDatabase, type Database } from '../../src/db/client';
import { artifactsOf } from '../../src/db/runs/artifacts';
import type { RunSource } from '../../src/db/runs/run-source';
import { createRegistry } from '../../src/domain/registry/registry';
import { incidentPlugin } from '../../src/domains/incident/plugin';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { rowsReadBy } from '../support/rows-read';

const ROWS = 20_000;
const RUN = '00000000-0000-7000-8000-000000000001';
const OTHER_RUN = '00000000-0000-7000-8000-000000000002';
const WITHOUT_LANES = { lanes: [], byItem: false };

let own: TestDatabase;
let database: Database;

beforeAll(async () => {
  own = await createTestDatabase();
  database = createDatabase(own.url);
  const query = (text: string) => database.pool.query(text);
  await query('alter table artifacts drop constraint artifacts_run_id_fkey');
  // Steps without an id, and two steps with an id. Each creates artifacts with two names in turn.
  for (const run of [RUN, OTHER_RUN])
    await query(`insert into artifacts (id, run_id, automation_id, path, action_id, name, type, data, created_at)
      select ('00000000-0000-7000-8000-' || lpad(to_hex(n + case when '${run}' = '${RUN}' then 0 else 100000 end), 12, '0'))::uuid,
        '${run}', gen_random_uuid(), 'actions[0].repeat[' || n || ']', (array['call', null, 'again'])[1 + n % 3],
        'name-' || n % 2, 'http.response', jsonb_build_object('n', n), now()
      from generate_series(1, ${ROWS}) as n`);
  await query('analyze artifacts');
});
afterAll(async () => {
  await database.close();
  await own.drop();
});

it('a step of a long run reads only the newest artifact of each action and name', async () => {
  const { result, read } = await rowsReadBy(database, (db) => artifactsOf(db, RUN, WITHOUT_LANES));
  const newest = Array.from({ length: 6 }, (_, n) => ROWS - 5 + n).map((n) => ({
    actionId: ['call', null, 'again'][n % 3],
    name: `name-${n % 2}`,
    data: { n },
  }));
  expect(result).toEqual(newest);
  expect(read).toBeLessThan(50);
});

it('a step of a run without artifacts reads none', async () => {
  const { result, read } = await rowsReadBy(database, (db) =>
    artifactsOf(db, '00000000-0000-7000-8000-000000000003', WITHOUT_LANES),
  );
  expect({ result, read }).toEqual({ result: [], read: 0 });
});

it('a step that follows a loop over items reads the artifact of the last item, even if it was not created last', async () => {
  await database.pool
    .query(`insert into artifacts (id, run_id, automation_id, path, action_id, name, type, data, created_at)
    select gen_random_uuid(), '00000000-0000-7000-8000-000000000004', gen_random_uuid(),
      'actions[0].repeat[' || n || '].sequence[0]', 'call', 'name', 'http.response', jsonb_build_object('n', n), now()
    from unnest(array[9, 10, 2]) as n`);
  const seen = await artifactsOf(database.db, '00000000-0000-7000-8000-000000000004', { lanes: [], byItem: true });
  expect(seen).toEqual([{ actionId: 'call', name: 'name', data: { n: 10 } }]);
});

it('a step that consumes an artifact reads only the open ones of its context key, from the newest to the first open incident', async () => {
  const automationId = '00000000-0000-7000-8000-00000000000a';
  const { pool } = database;
  await pool.query(`insert into artifacts (id, run_id, automation_id, context_key, path, name, type, data, created_at)
    select ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, gen_random_uuid(), '${automationId}',
      'system-' || n % 1000, 'actions[0]', 'incident', 'incident.incident', jsonb_build_object('incidentId', n::text), now()
    from generate_series(1, ${ROWS}) as n`);
  await pool.query(`insert into entities (kind, id, state, created_at, updated_at)
    select 'incident', n::text, jsonb_build_object('status', case when n <= ${ROWS} - 3000 then 'fixing' else 'resolved' end),
      now(), now()
    from generate_series(1, ${ROWS}) as n`);
  await pool.query('analyze artifacts, entities');
  const registry = createRegistry([incidentPlugin]);
  const source = { automationId, facts: { contextKey: 'system-7' } } as RunSource;
  const { result, read } = await rowsReadBy(database, (db) =>
    consumedArtifact(db, registry, 'incident.incident', [], source),
  );
  expect(result?.data).toEqual({ incidentId: String(ROWS - 3993) });
  expect(read).toBeLessThan(20);
});
