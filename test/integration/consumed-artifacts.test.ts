import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { deleteDependency } from '../../src/domains/dependency/dependencies';
import { createIncident, deleteIncident, getIncident, updateIncident } from '../../src/domains/incident/incidents';
import { deleteMaintenance, startAndEndDue, updateMaintenance } from '../../src/domains/maintenance/maintenances';
import { createSystem } from '../../src/domains/catalog/systems';
import type { DomainWrite } from '../../src/domains/domain-write';
import { startActivityBench, type ActivityBench } from '../support/activities';
import { byUser } from '../support/entity-fixture';

const ID = '{{ var.id }}';
const create = (title: string) => ({
  action: 'incident.create',
  config: { title, severity: 'minor', systemIds: ['db'] },
});
const resolve = (config: object = {}) => ({ action: 'incident.resolve', config });

/** Each step runs in a run of its own, so it consumes artifacts of earlier runs. */
describe('artifacts that later runs of an automation consume', () => {
  let b: ActivityBench;
  beforeAll(async () => void (b = await startActivityBench()), 60_000);
  afterAll(() => b.close());

  const rows = async (query: ReturnType<typeof sql>) => (await b.database.db.execute(query)).rows;
  const asUser = <T>(work: (write: DomainWrite) => Promise<T>) => {
    const { entities, clock } = b.activities().deps;
    return b.database.db.transaction((tx) => work({ tx, entities, cause: byUser, now: clock.now() }));
  };
  const statusOf = async (id: unknown) => (await getIncident(b.database.db, String(id)))?.status;

  /** Saves an automation with these steps. Returns a function that performs one of them in a new run. */
  async function automationWith<N extends string>(steps: Record<N, object>) {
    const first = await b.runOf([...Object.values(steps), { delay: { seconds: 60 } }] as object[]);
    return async (name: N, variables: object = {}) => {
      const run = randomUUID();
      await rows(sql`
        insert into runs (id, automation_id, version, scope_key, context_key, mode, status, trigger_scope, variables,
          root_run_id, workflow_id, created_at, start_at, execution_run_id)
        select ${run}, automation_id, version, scope_key, context_key, mode, status, trigger_scope, variables, ${run},
          ${run}, created_at, start_at, execution_run_id
        from runs where id = ${first}`);
      const path = `actions[${Object.keys(steps).indexOf(name)}]`;
      const input = { ...b.input(run, path), variables: { ...variables } };
      await b.run(() => b.activities().performStep(input)).catch(() => undefined);
      const [artifact] = await rows(sql`select data, closed_at from artifacts where run_id = ${run}`);
      const step = await b.step(run, path);
      return {
        step,
        data: (artifact?.['data'] ?? {}) as Record<string, unknown>,
        closed: artifact?.['closed_at'] != null,
      };
    };
  }

  test('a step that resolves the named incident closes its artifacts, so the next step uses another incident', async () => {
    const perform = await automationWith({
      a: create('A'),
      b: create('B'),
      resolveNamed: resolve({ incidentId: ID }),
      comment: { action: 'incident.add_update', config: { message: 'Nearly' } },
      resolve: resolve(),
    });
    const [a, other] = [(await perform('a')).data['incidentId'], (await perform('b')).data['incidentId']];
    expect(await perform('resolveNamed', { id: a })).toMatchObject({ closed: true });
    expect((await perform('resolve')).data['incidentId']).toBe(other);
    expect(await statusOf(other)).toBe('resolved');
    expect((await perform('comment')).step).toMatchObject({ status: 'failed', error: { code: 'artifact_missing' } });
  });

  test.each([
    ['incident.update_status', { incidentId: ID, status: 'resolved' }],
    ['incident.update_status', { incidentId: ID, status: 'resolved', message: 'Over' }],
    ['incident.add_update', { incidentId: ID, statusChange: 'resolved', message: 'Over' }],
  ])('%s closes the artifacts of the named incident if it resolves the incident', async (action, config) => {
    const perform = await automationWith({
      a: create('A'),
      b: create('B'),
      end: { action, config },
      resolve: resolve(),
    });
    const [a, other] = [(await perform('a')).data['incidentId'], (await perform('b')).data['incidentId']];
    expect(await perform('end', { id: other })).toMatchObject({ closed: true });
    expect((await perform('resolve')).data['incidentId']).toBe(a);
  });

  test('the removal of a state closes its artifacts, whichever state the automation set last', async () => {
    await b.activities().deps.entities.kinds.put(b.database.db, 'lamp', { schema: {}, reactive: true });
    const lamp = (id: string) => ({ kind: 'lamp', id });
    const perform = await automationWith({
      hall: { action: 'automation.set_state', config: { ...lamp('hall'), state: { on: true } } },
      door: { action: 'automation.set_state', config: { ...lamp('door'), state: { on: true } } },
      remove: { action: 'automation.remove_state', config: lamp('hall') },
    });
    await perform('hall');
    await perform('door');
    await perform('remove');
    expect(
      await rows(sql`
      select distinct data ->> 'id' as id from artifacts where type = 'automation.state' and closed_at is null`),
    ).toEqual([{ id: 'door' }]);
  });

  test('a step that skips an incident of a person leaves it to the person', async () => {
    const { id } = await asUser((write) => createIncident(write, { title: 'H', severity: 'minor', systemIds: ['db'] }));
    const perform = await automationWith({
      skip: resolve({ incidentId: ID, onlyIfCreatedByAutomation: true }),
      resolve: resolve(),
    });
    const skipped = await perform('skip', { id });
    expect(skipped.step).toMatchObject({ status: 'success', result: { resolved: false } });
    expect(skipped).toMatchObject({ data: { incidentId: id, status: 'investigating' }, closed: true });
    expect((await perform('resolve')).step).toMatchObject({ error: { code: 'artifact_missing' } });
    expect(await statusOf(id)).toBe('investigating');
  });

  const idOf = (performed: { data: Record<string, unknown> }, field: string) => String(performed.data[field]);

  test.each<[string, (write: DomainWrite, id: string) => Promise<unknown>]>([
    ['resolves', (write, id) => updateIncident(write, id, { status: 'resolved' })],
    ['removes', deleteIncident],
  ])('an incident that a person %s is not consumed, but an older one that is open', async (_, end) => {
    const perform = await automationWith({ create: create('Down'), resolve: resolve() });
    const older = idOf(await perform('create'), 'incidentId');
    const newer = idOf(await perform('create'), 'incidentId');
    await asUser((write) => end(write, newer));
    expect(idOf(await perform('resolve'), 'incidentId')).toBe(older);
    expect(await statusOf(older)).toBe('resolved');
    expect((await perform('resolve')).step).toMatchObject({ error: { code: 'artifact_missing' } });
  });

  test('an incident that another automation resolves is not consumed', async () => {
    const perform = await automationWith({ create: create('Down'), resolve: resolve() });
    const other = await automationWith({ resolve: resolve({ incidentId: ID }) });
    await other('resolve', { id: idOf(await perform('create'), 'incidentId') });
    expect((await perform('resolve')).step).toMatchObject({ error: { code: 'artifact_missing' } });
  });

  test('an incident that a person resolves and reopens is consumed again', async () => {
    const perform = await automationWith({ create: create('Down'), resolve: resolve() });
    const id = idOf(await perform('create'), 'incidentId');
    await asUser((write) => updateIncident(write, id, { status: 'resolved' }));
    await asUser((write) => updateIncident(write, id, { status: 'monitoring' }));
    await perform('resolve');
    expect(await statusOf(id)).toBe('resolved');
  });

  test.each<[string, (write: DomainWrite, id: string) => Promise<unknown>]>([
    ['a person completes', (write, id) => updateMaintenance(write, id, { status: 'completed' })],
    ['a person cancels', (write, id) => updateMaintenance(write, id, { status: 'cancelled' })],
    ['a person removes', deleteMaintenance],
    ['the clock ends', (write) => startAndEndDue({ ...write, now: new Date(write.now.getTime() + 600_000) }, 10)],
  ])('a maintenance that %s is not consumed, but an older one that is open', async (_, end) => {
    const set = (durationMinutes: number) => ({
      ...{ action: 'maintenance.set_system', config: { systemId: 'db', durationMinutes } },
    });
    const perform = await automationWith({
      ...{ long: set(60), short: set(5) },
      comment: { action: 'maintenance.add_update', config: { message: 'Nearly' } },
    });
    const older = idOf(await perform('long'), 'maintenanceId');
    const newer = idOf(await perform('short'), 'maintenanceId');
    await asUser((write) => end(write, newer));
    expect(idOf(await perform('comment'), 'maintenanceId')).toBe(older);
  });

  test('a dependency that a person removes is not consumed, but an older one that exists', async () => {
    for (const id of ['app', 'cache', 'db']) await asUser((write) => createSystem(write, { id, name: id }));
    const depend = (targetSystemId: string) => ({
      ...{ action: 'dependency.create', config: { sourceSystemId: 'app', targetSystemId, impactType: 'degraded' } },
    });
    const perform = await automationWith({
      ...{ cache: depend('cache'), db: depend('db'), remove: { action: 'dependency.remove', config: {} } },
    });
    const older = idOf(await perform('cache'), 'dependencyId');
    const newer = idOf(await perform('db'), 'dependencyId');
    await asUser((write) => deleteDependency(write, newer));
    expect(await perform('remove')).toMatchObject({ step: { status: 'success' }, data: { dependencyId: older } });
  });
});
