import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createDatabase, type Database } from '../../src/db/client';
import { applyRetention } from '../../src/db/retention';
import { rememberRunSecrets } from '../../src/db/secrets';
import { createRegistry } from '../../src/domain/registry/registry';
import type { Action } from '../../src/integrations/contract';
import { projectRoot } from '../../src/project-root';
import { createTestDatabase } from '../support/database';
import { testPlugins } from '../support/plugins';
import { RETENTION_SETTINGS } from '../support/retention-settings';

const TYPES = [...createRegistry<Action>(testPlugins()).artifactTypes().values()];
const AUTOMATION = '00000000-0000-7000-8000-000000000001';

describe('retention', () => {
  let test: Awaited<ReturnType<typeof createTestDatabase>>;
  let database: Database;
  const query = async (text: string, values: unknown[] = []) => (await database.pool.query(text, values)).rows;
  const run = (number: number) => `00000000-0000-7000-9000-${String(number).padStart(12, '0')}`;
  const addRun = (number: number, status: string, daysAgo: number) =>
    query(
      `insert into runs (id, automation_id, version, scope_key, mode, status, trigger_scope, root_run_id, workflow_id, created_at,
         finished_at)
       values ($1, $2, 1, 'all', 'parallel', $3, '{}', $1, 'w', now(), now() - make_interval(days => $4))`,
      [run(number), AUTOMATION, status, daysAgo],
    );
  const addIncident = (id: string, status: string) =>
    query(`insert into entities (kind, id, state, created_at, updated_at) values ('incident', $1, $2, now(), now())`, [
      id,
      { status },
    ]);

  beforeEach(async () => {
    test = await createTestDatabase();
    database = createDatabase(test.url);
    await query(
      `insert into automations (id, name, version, revision, created_at, updated_at) values ($1, 'a', 1, 1, now(), now())`,
      [AUTOMATION],
    );
    await query(
      `insert into automation_versions (automation_id, version, definition, created_at, created_by)
       values ($1, 1, '{}', now(), '{}')`,
      [AUTOMATION],
    );
  });
  afterEach(async () => {
    await database.close();
    await test.drop();
  });

  it('deletes old ended runs with everything that belongs to them, but keeps the newest runs of each automation', async () => {
    for (let number = 1; number <= 6; number += 1) await addRun(number, 'success', 40);
    await query(`insert into run_steps (run_id, path, kind, status) values ($1, 'actions[0]', 'action', 'success')`, [
      run(1),
    ]);
    await applyRetention(database, RETENTION_SETTINGS, TYPES);
    const left = await query('select id from runs order by id');
    expect(left.length).toBe(RETENTION_SETTINGS.runsMinPerAutomation);
    expect(left.map(({ id }: { id: string }) => id)).toEqual([run(4), run(5), run(6)]);
    expect(await query('select 1 from run_steps')).toEqual([]);
  });

  it('keeps the runs of each automation that were created last, even if their causes are the oldest', async () => {
    for (let number = 6; number >= 1; number -= 1) await addRun(number, 'success', 40);
    await applyRetention(database, RETENTION_SETTINGS, TYPES);
    const left = await query('select id from runs order by id');
    expect(left.map(({ id }: { id: string }) => id)).toEqual([run(1), run(2), run(3)]);
  });

  it('leaves no secrets of ended runs: none are stored after the end, and those stored at the same moment are deleted', async () => {
    await addRun(1, 'running', 0);
    await addRun(2, 'cancelled', 0);
    const sealed = { keyId: 'k', nonce: 'n', ciphertext: 'c' };
    for (const number of [1, 2]) await rememberRunSecrets(database.db, run(number), [{ source: 'secret:A@1', sealed }]);
    expect(await query('select run_id from run_secrets')).toEqual([{ run_id: run(1) }]);
    await query(`insert into run_secrets (run_id, source, sealed) values ($1, 'secret:A@1', '{}')`, [run(2)]);
    const counts = await applyRetention(database, RETENTION_SETTINGS, TYPES);
    expect(counts['runSecrets']).toBe(1);
    expect(await query('select run_id from run_secrets')).toEqual([{ run_id: run(1) }]);
  });

  it('deletes raw results after a day, except the newest result of each existing check', async () => {
    await query(`insert into systems (id, name, created_at, updated_at) values ('s', 's', now(), now())`);
    await query(`insert into health_checks (system_id, configuration_id) values ('s', 'http')`);
    for (const [number, [check, hoursAgo]] of [
      ['http', 30],
      ['http', 25],
      ['gone', 25],
      ['gone', 1],
    ].entries()) {
      await query(
        `insert into health_results (id, system_id, configuration_id, status, at, received_at)
         select $1, 's', $2, 'healthy', at, at from (select now() - make_interval(hours => $3) as at) t`,
        [run(number), check, hoursAgo],
      );
    }
    await applyRetention(database, RETENTION_SETTINGS, TYPES);
    expect((await query('select id from health_results order by id')).map(({ id }: { id: string }) => id)).toEqual([
      run(1),
      run(3),
    ]);
  });

  it('keeps recent runs, open runs, and runs whose incident is open', async () => {
    await addRun(1, 'failed', 29);
    await addRun(2, 'waiting', 400);
    await addRun(3, 'success', 400);
    await query(
      `insert into artifacts (id, run_id, automation_id, path, name, type, data, created_at)
       values ($1, $1, $2, 'actions[0]', 'incident', 'incident.incident', '{"incidentId": "open"}', now())`,
      [run(3), AUTOMATION],
    );
    await addIncident('open', 'fixing');
    await addRun(4, 'cancelled', 31);
    for (let number = 5; number <= 9; number += 1) await addRun(number, 'success', 0);
    await applyRetention(database, RETENTION_SETTINGS, TYPES);
    const left = await query('select id from runs where id < $1 order by id', [run(5)]);
    expect(left.map(({ id }: { id: string }) => id)).toEqual([run(1), run(2), run(3)]);
  });

  it('deletes old runs whose incident was resolved or removed, or whose state was removed, also by a person', async () => {
    for (let number = 1; number <= 8; number += 1) await addRun(number, 'success', 400);
    const artifact = (number: number, type: string, data: object) =>
      query(
        `insert into artifacts (id, run_id, automation_id, path, name, type, data, created_at)
         values ($1, $1, $2, 'actions[0]', 'a', $3, $4, now())`,
        [run(number), AUTOMATION, type, data],
      );
    await artifact(1, 'incident.incident', { incidentId: 'resolved' });
    await artifact(2, 'incident.incident', { incidentId: 'removed' });
    await artifact(3, 'automation.state', { kind: 'incident', id: 'removed', state: {} });
    await artifact(4, 'automation.state', { kind: 'incident', id: 'open', state: {} });
    await addIncident('resolved', 'resolved');
    await addIncident('open', 'fixing');
    await applyRetention(database, RETENTION_SETTINGS, TYPES);
    const left = await query('select id from runs order by id');
    expect(left.map(({ id }: { id: string }) => id)).toEqual([4, 6, 7, 8].map(run));
  });

  it('keeps an open Jira issue through the run that last worked on it', async () => {
    for (let number = 1; number <= 9; number += 1) await addRun(number, 'success', 400);
    const issue = (number: number, key: string, closed: boolean) =>
      query(
        `insert into artifacts (id, run_id, automation_id, path, name, type, data, created_at, closed_at)
         values ($1, $1, $2, 'actions[0]', 'issue', 'integration-jira.issue', $3, now(), $4)`,
        [run(number), AUTOMATION, { issueKey: key }, closed ? new Date() : null],
      );
    await issue(1, 'OPS-1', false);
    await issue(2, 'OPS-1', false);
    await issue(3, 'OPS-2', true);
    await issue(4, 'OPS-3', false);
    await applyRetention(database, RETENTION_SETTINGS, TYPES);
    const left = await query('select id from runs order by id');
    expect(left.map(({ id }: { id: string }) => id)).toEqual([2, 4, 7, 8, 9].map(run));
  });

  it('deletes old transitions except the newest of each field, which contains the time of its current value', async () => {
    const add = (field: string, daysAgo: number) =>
      query(
        `insert into entity_transitions (kind, entity_id, field, from_value, to_value, at, change_id)
         values ('health', 's', $1, 'null', '"x"', now() - make_interval(days => $2), gen_random_uuid())`,
        [field, daysAgo],
      );
    for (const daysAgo of [200, 150, 100]) await add('status', daysAgo);
    await add('name', 300);
    await applyRetention(database, RETENTION_SETTINGS, TYPES);
    const left = await query(
      `select field, extract(day from now() - at)::int as days from entity_transitions order by field`,
    );
    expect(left).toEqual([
      { field: 'name', days: 300 },
      { field: 'status', days: 100 },
    ]);
  });

  it('drops an old day of the change log if all of its changes are routed', async () => {
    for (const [day, routed] of [
      ['20200101', 'now()'],
      ['20200102', 'null'],
    ] as const) {
      const from = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`;
      await query(
        `create table changes_${day} partition of changes for values from ('${from}') to ('${from} 23:59:59')`,
      );
      await query(
        `insert into changes (change_id, partition, kind, entity_id, actor, occurred_at, recorded_at, routed_at)
         values (gen_random_uuid(), 0, 'k', 'e', '{}', '${from} 12:00', '${from} 12:00', ${routed})`,
      );
    }
    await applyRetention(database, RETENTION_SETTINGS, TYPES);
    const left = await query(`select relname from pg_class where relname in ('changes_20200101', 'changes_20200102')`);
    expect(left).toEqual([{ relname: 'changes_20200102' }]);
  });

  it('continues in batches until nothing is left', async () => {
    await query(
      `insert into dedup_keys (key, change_ids, created_at)
       select 'k' || n, '{}', now() - interval '8 days' from generate_series(1, 4500) n`,
    );
    await query(`insert into dedup_keys (key, change_ids) values ('young', '{}')`);
    await query(
      `insert into runs (id, automation_id, version, scope_key, mode, status, trigger_scope, root_run_id, workflow_id, created_at,
         finished_at)
       select ('00000000-0000-7000-9000-' || lpad(n::text, 12, '0'))::uuid, $1, 1, 'all', 'parallel', 'success', '{}',
         gen_random_uuid(), 'w', now(), now() - interval '40 days' from generate_series(1, 4500) n`,
      [AUTOMATION],
    );
    const removed = await applyRetention(database, RETENTION_SETTINGS, TYPES);
    expect(removed).toMatchObject({ deliveries: 4500, runs: 4497 });
    expect(await query('select key from dedup_keys')).toEqual([{ key: 'young' }]);
  });

  it('stops within its budget and leaves the rest to the next round', async () => {
    await query(`insert into dedup_keys (key, change_ids, created_at) values ('old', '{}', now() - interval '8 days')`);
    expect(await applyRetention(database, RETENTION_SETTINGS, TYPES, { budgetMs: 0 })).toMatchObject({
      deliveries: 0,
    });
    expect(await applyRetention(database, RETENTION_SETTINGS, TYPES)).toMatchObject({ deliveries: 1 });
  });

  it('continues with the other tables if one fails, and reports the table that failed', async () => {
    await query(`insert into dedup_keys (key, change_ids, created_at) values ('old', '{}', now() - interval '8 days')`);
    await query('alter table window_events rename to window_events_renamed');
    const failed: string[] = [];
    const removed = await applyRetention(database, RETENTION_SETTINGS, TYPES, {
      onError: (table) => failed.push(table),
    });
    expect(failed).toEqual(['windowEvents']);
    expect(removed).toMatchObject({ deliveries: 1, windowEvents: 0 });
  });

  it('deletes old versions without runs, except the newest versions, and deleted automations without runs', async () => {
    for (const version of [2, 3, 4, 5]) {
      await query(
        `insert into automation_versions (automation_id, version, definition, created_at, created_by)
         values ($1, $2, '{}', now(), '{}')`,
        [AUTOMATION, version],
      );
    }
    await query(`update automation_versions set created_at = now() - interval '60 days'`);
    await query('update automations set version = 5');
    await addRun(1, 'success', 1);
    await applyRetention(database, RETENTION_SETTINGS, TYPES);
    expect(await query('select version from automation_versions order by version')).toEqual(
      // Version 1 has a run. Of the other versions, the newest two are kept.
      [{ version: 1 }, { version: 4 }, { version: 5 }],
    );
    await query(`update automations set deleted_at = now() - interval '60 days'`);
    await applyRetention(database, RETENTION_SETTINGS, TYPES);
    expect(await query('select 1 from automations')).toHaveLength(1);
    await query('delete from runs');
    await applyRetention(database, RETENTION_SETTINGS, TYPES);
    expect(await query('select 1 from automations')).toEqual([]);
  });

  it('deletes resolved incidents after two years, with their updates, entity row and transitions', async () => {
    const incident = (number: number, status: string, resolvedDaysAgo: number | null) =>
      query(
        `insert into incidents (id, title, severity, status, system_ids, created_by, created_at, updated_at, resolved_at)
         values ($1, 't', 'minor', $2, '{}', '{}', now(), now(), now() - make_interval(days => $3))`,
        [run(number), status, resolvedDaysAgo],
      );
    await incident(1, 'resolved', 800);
    await incident(2, 'resolved', 100);
    await incident(3, 'investigating', null);
    await query(
      `insert into incident_updates (id, incident_id, message, actor, at) values ($1, $1, 'm', '{}', now())`,
      [run(1)],
    );
    await query(
      `insert into entities (kind, id, state, created_at, updated_at) values ('incident', $1, '{}', now(), now())`,
      [run(1)],
    );
    expect(await applyRetention(database, RETENTION_SETTINGS, TYPES)).toMatchObject({ incidents: 1 });
    expect(await query('select 1 from incidents')).toHaveLength(2);
    expect(await query('select 1 from incident_updates')).toEqual([]);
    expect(await query('select 1 from entities')).toEqual([]);
  });

  it('deletes the rows of entities that were deleted long ago', async () => {
    await query(
      `insert into entities (kind, id, state, created_at, updated_at)
       values ('k', 'gone', null, now(), now() - interval '100 days'), ('k', 'lately', null, now(), now()),
         ('k', 'there', '{}', now(), now() - interval '100 days')`,
    );
    await applyRetention(database, RETENTION_SETTINGS, TYPES);
    expect(await query('select id from entities order by id')).toEqual([{ id: 'lately' }, { id: 'there' }]);
  });
});

describe('every table', () => {
  it('has a bound, or a reason for having none, in docs/operations.md', async () => {
    const test = await createTestDatabase();
    const database = createDatabase(test.url);
    try {
      const { rows } = await database.pool.query<{ name: string }>(
        `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
         and not relispartition order by relname`,
      );
      const page = readFileSync(join(projectRoot(), 'docs', 'operations.md'), 'utf8');
      const bounds = new Map(
        [...page.matchAll(/^\| `([a-z_]+)` \| (.+) \|$/gm)].map(([, table, bound]) => [table, bound]),
      );
      expect(rows.map(({ name }) => name).filter((name) => !bounds.get(name)?.trim())).toEqual([]);
      const real = new Set(rows.map(({ name }) => name));
      expect([...bounds.keys()].filter((name) => name !== undefined && !real.has(name))).toEqual([]);
    } finally {
      await database.close();
      await test.drop();
    }
  });
});
