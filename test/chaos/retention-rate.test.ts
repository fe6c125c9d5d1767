import pg from 'pg';
import { createDatabase, type Database } from '../../src/db/client';
import { applyRetention } from '../../src/db/retention';
import { startEngine, type Engine } from '../support/engine';
import { RETENTION_SETTINGS } from '../support/retention-settings';

/**
 * Number of runs for measuring the rate that one worker can sustain, from the first event to the end of the last run.
 */
const BURST = 200;
/** Number of old rows per table. */
const OLD = 10_000;
/**
 * Number of rows that an event leaves behind: a run, a delivery and a transition. Rows that are deleted with their run
 * or with a whole day are not counted.
 */
const ROWS_OF_EVENT = 3;
/** Fraction of the time during which retention runs: four of every five minutes. */
const DUTY = 0.8;

/** Statements that insert expired rows into the tables that grow with events. `n` is the row number. */
const GROWING: Record<string, string> = {
  transitions: `insert into entity_transitions (kind, entity_id, field, from_value, to_value, at, change_id)
    select 'health', 's' || n % 500, 'status', '"healthy"', '"unhealthy"', now() - interval '200 days', gen_random_uuid()
    from numbers`,
  healthResults: `insert into health_results (id, system_id, configuration_id, status, latency_ms, at, received_at)
    select gen_random_uuid(), 's' || n % 500, 'http', 'healthy', 12, now() - interval '3 days', now() - interval '3 days'
    from numbers`,
  windowEvents: `insert into window_events (automation_id, trigger_id, change_id, gate, partition_key, occurred_at)
    select $1::uuid, 't', gen_random_uuid(), '', 'k' || n % 500, now() - interval '9 days' from numbers`,
  deliveries: `insert into dedup_keys (key, change_ids, created_at)
    select 'k' || n, array[gen_random_uuid()], now() - interval '9 days' from numbers`,
  idempotencyKeys: `insert into idempotency_keys (principal, route, key, body_hash, status, response, created_at)
    select 'p', '/events', 'k' || n, 'h', 202, '{"accepted": true}', now() - interval '9 days' from numbers`,
  notifications: `insert into notifications (id, connection_id, strategy, recipients, title, importance, status, duration_ms,
      created_at)
    select gen_random_uuid(), 'c', 's', '{}', 't', 'info', 'delivered', 12, now() - interval '200 days' from numbers`,
};

describe('retention', () => {
  let engine: Engine;
  let database: Database;
  /** A connection without a statement timeout. */
  let filling: pg.Client;
  beforeAll(async () => {
    engine = await startEngine();
    database = createDatabase(engine.databaseUrl);
    filling = new pg.Client({ connectionString: engine.databaseUrl });
    await filling.connect();
  }, 360_000);
  afterAll(async () => {
    await filling.end();
    await database.close();
    await engine.close();
  });

  test('deletes from every table that grows with events, at ten times the rate at which a worker handles events', async () => {
    const worker = await engine.worker();
    const id = await engine.save(`
name: grows
mode: parallel
max_runs: 1000
triggers: [{ event: automation.event, config: { type: grow } }]
actions:
  - { variables: { n: "{{ trigger.payload.data.n }}" } }
  - { variables: { m: 1 } }`);
    await engine.emit('grow', { n: 0 });
    await engine.ended(1, id);
    const began = performance.now();
    await engine.emit('grow', { n: 1 }, { times: BURST });
    await engine.ended(BURST + 1, id, 120_000);
    const perSecond = BURST / ((performance.now() - began) / 1_000);
    await worker.stop();

    // Copy a real run with its steps, so that the rows have realistic values.
    const { rows } = await filling.query<{ name: string }>(
      `select column_name as name from information_schema.columns where table_name = 'runs'
         and column_name not in ('id', 'finished_at', 'change_id', 'seq')`,
    );
    const same = rows.map(({ name }) => `"${name}"`).join(', ');
    await filling.query(
      `insert into runs (id, finished_at, ${same})
       select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, now() - interval '40 days', ${same}
       from generate_series(1, ${OLD}) n, (select * from runs where status = 'success' limit 1) r`,
    );
    await filling.query(
      `insert into run_steps (run_id, path, kind, status, result, trace)
       select r.id, s.path, s.kind, s.status, s.result, s.trace from runs r,
         (select * from run_steps where run_id = (select id from runs where finished_at > now() - interval '1 day' limit 1)) s
       where r.finished_at < now() - interval '1 day'`,
    );
    const count = async (table: string) => Number((await filling.query(`select count(*) from ${table}`)).rows[0].count);
    expect(await count('run_steps')).toBe(2 * (OLD + BURST + 1));
    for (const statement of Object.values(GROWING)) {
      const numbers = `with numbers as (select n from generate_series(1, ${OLD}) n) ${statement}`;
      await filling.query(numbers, statement.includes('$1') ? [id] : []);
    }
    await filling.query('analyze');

    const since = performance.now();
    const removed = await applyRetention(database, RETENTION_SETTINGS, []);
    const seconds = (performance.now() - since) / 1_000;
    for (const table of ['runs', ...Object.keys(GROWING)]) {
      // The newest transition of each field and the newest result of each check are kept, because they describe the
      // current state.
      expect([table, (removed[table] ?? 0) >= OLD - 500]).toEqual([table, true]);
    }
    expect(await count('run_steps')).toBe(2 * (BURST + 1));
    const rowsPerSecond = (DUTY * (1 + Object.keys(GROWING).length) * (OLD - 500)) / seconds;
    expect(rowsPerSecond / (ROWS_OF_EVENT * perSecond)).toBeGreaterThanOrEqual(10);
  }, 300_000);
});
