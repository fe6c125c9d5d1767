import type { Action } from '../../src/integrations/contract';
import type { DomainWrite } from '../../src/domains/domain-write';
import { addUpdateAction } from '../../src/domains/incident/actions/add-update';
import { createAction } from '../../src/domains/incident/actions/create';
import { resolveAction } from '../../src/domains/incident/actions/resolve';
import { updateStatusAction } from '../../src/domains/incident/actions/update-status';
import {
  addIncidentUpdate,
  createIncident,
  getIncident,
  listIncidents,
  listIncidentUpdates,
  resolveIncident,
  updateIncident,
} from '../../src/domains/incident/incidents';
import { testPlugins } from '../support/plugins';
import { readHealthViews } from '../../src/domains/healthcheck/health-view';
import { createSystem } from '../../src/domains/catalog/systems';
import { byUser, createEntityFixture, type EntityFixture } from '../support/entity-fixture';

const byRun = { actor: { type: 'automation', id: 'run-1' }, causedBy: null, depth: 1 } as const;

describe('incidents', () => {
  let f: EntityFixture;
  beforeAll(async () => {
    f = await createEntityFixture(testPlugins());
  });
  afterAll(() => f.end());

  const inTransaction = <T>(work: (write: DomainWrite) => Promise<T>) =>
    f.db.transaction((tx) => work({ tx, entities: f.store, cause: byUser, now: f.clock.now() }));
  let names = 0;
  const newSystem = () => `inc-sys-${(names += 1)}`;
  const open = (systemIds: string[], more: object = {}) =>
    inTransaction((write) => createIncident(write, { title: 'Down', severity: 'major', systemIds, ...more }));
  const eventsOf = async (id: string) => {
    const rows = await f.rows<{ prev: never; next: never; payload: never; occurred_at: Date }>(
      `select prev, next, payload, occurred_at from changes where kind = 'incident' and entity_id = $1 order by seq`,
      [id],
    );
    const base = { changeId: '', seq: 0, kind: 'incident', id, ...byUser, shape: 'entity' as const, changedFields: [] };
    return rows.flatMap(({ prev, next, payload, occurred_at: occurredAt }) =>
      f.registry
        .derivers('incident')
        .flatMap((derive) => derive({ ...base, prev, next, delta: {}, occurredAt, context: payload })),
    );
  };
  /** Performs an action as a step's activity does: parses the config, then executes the action in one transaction. */
  const act = (action: Action, config: object, consumed: Record<string, unknown> | null = null) =>
    f.db.transaction(async (tx) => {
      if (action.execution !== 'transaction') throw new Error('not a transactional action');
      const result = await action.execute({
        ...{ tx, entities: f.store, cause: byRun, now: f.clock.now(), consumed, idempotencyKey: 'k' },
        run: { id: 'run-1', automationId: 'a-1', contextKey: null },
        config: action.configSchema.parse(config),
      });
      expect(action.produces?.schema.safeParse(result.artifact).error).toBeUndefined();
      return result;
    });

  test('creation, each update and resolution emit one event; a resolution emits no update', async () => {
    const { id } = await open(['a'], { description: 'no answer' });
    await inTransaction((write) => updateIncident(write, id, { severity: 'critical' }));
    await inTransaction((write) => addIncidentUpdate(write, id, { message: 'looking', statusChange: 'identified' }));
    await inTransaction((write) => resolveIncident(write, id, 'fixed'));
    const events = await eventsOf(id);
    expect(events.map((event) => event.event)).toEqual([
      ...['incident.created', 'incident.updated', 'incident.updated', 'incident.resolved'],
    ]);
    expect(events[3]?.payload).toEqual({
      ...{ incidentId: id, systemIds: ['a'], severity: 'critical', status: 'resolved', statusChange: 'resolved' },
      ...{ title: 'Down', description: 'no answer' },
      ...{ createdAt: f.clock.now().toISOString(), resolvedAt: f.clock.now().toISOString() },
    });
    const schema = f.registry.trigger('incident.created')?.payloadSchema;
    for (const { payload } of events) expect(schema?.safeParse(payload).success).toBe(true);
  });

  test('a comment is stored and is not an update', async () => {
    const { id } = await open(['a'], { message: 'first words' });
    await inTransaction((write) => addIncidentUpdate(write, id, { message: 'still looking' }));
    expect(await eventsOf(id)).toHaveLength(1);
    const said = await listIncidentUpdates(f.db, id, { limit: 10 });
    expect(said.map((update) => update.message)).toEqual(['still looking', 'first words']);
  });

  test('resolving an incident twice changes nothing the second time', async () => {
    const { id } = await open(['a']);
    await inTransaction((write) => resolveIncident(write, id));
    f.clock.advance(1000);
    const again = await inTransaction((write) => resolveIncident(write, id, 'indeed'));
    expect(again.resolvedAt).not.toEqual(f.clock.now());
    expect(await eventsOf(id)).toHaveLength(2);
  });

  test('an unknown or invalid id is reported as not found', async () => {
    const unknown = '019a0000-0000-7000-8000-000000000000';
    for (const id of [unknown, 'x', "'; drop table incidents"]) {
      await expect(inTransaction((write) => resolveIncident(write, id))).rejects.toMatchObject({ code: 'not_found' });
      expect(await getIncident(f.db, id)).toBeNull();
    }
  });

  test('lists are sorted newest first and can be filtered by status and system', async () => {
    const system = newSystem();
    const first = await open([system]);
    const second = await open([system]);
    await inTransaction((write) => resolveIncident(write, first.id));
    const ids = async (filter: object) =>
      (await listIncidents(f.db, { limit: 10, systemId: system, ...filter })).map((incident) => incident.id);
    expect(await ids({})).toEqual([second.id, first.id]);
    expect(await ids({ before: second.id })).toEqual([first.id]);
    expect(await ids({ status: ['resolved'] })).toEqual([first.id]);
  });

  test('an open incident can suppress the notifications of its systems', async () => {
    const system = newSystem();
    await inTransaction((write) => createSystem(write, { id: system, name: system }));
    const { id } = await open([system], { suppressNotifications: true });
    const suppressed = async () =>
      (await readHealthViews(f.db, [system], { now: f.clock.now() })).get(system)?.notifications_suppressed;
    expect(await suppressed()).toBe(true);
    await inTransaction((write) => resolveIncident(write, id));
    expect(await suppressed()).toBe(false);
  });

  describe('incident.create', () => {
    const config = (systemIds: string[], more: object = {}) => ({
      title: 'Down',
      severity: 'minor',
      systemIds,
      ...more,
    });

    test('opens an incident and produces it as an artifact', async () => {
      const system = newSystem();
      const { artifact } = await act(createAction, config([system], { initialMessage: 'page sent' }));
      expect(artifact).toMatchObject({ status: 'investigating', systemIds: [system], reused: false });
      expect((await getIncident(f.db, String(artifact?.incidentId)))?.createdBy).toEqual(byRun.actor);
    });

    test('reuses, with dedupe, the oldest open incident of any of the systems, and adds missing systems to it', async () => {
      const [a, b] = [newSystem(), newSystem()];
      const oldest = await open([a]);
      f.clock.advance(1000);
      await open([a]);
      const { artifact } = await act(createAction, config([a, b], { dedupe_open_for_system: true }));
      expect(artifact).toMatchObject({ incidentId: oldest.id, reused: true, systemIds: [a, b], severity: 'major' });
      await inTransaction((write) => resolveIncident(write, oldest.id));
      const next = await act(createAction, config([b], { dedupe_open_for_system: true }));
      expect(next.artifact).toMatchObject({ reused: false });
    });

    test('raises, with dedupe, the severity of the reused incident, and never lowers it', async () => {
      const system = newSystem();
      const minor = await open([system], { severity: 'minor' });
      const dedupe = { dedupe_open_for_system: true };
      const raised = await act(createAction, config([system], { ...dedupe, severity: 'critical' }));
      expect(raised.artifact).toMatchObject({ incidentId: minor.id, reused: true, severity: 'critical' });
      expect(raised.artifact).toMatchObject({ severityChange: 'critical' });
      const again = await act(createAction, config([system], { ...dedupe, severity: 'major' }));
      expect(again.artifact).toMatchObject({ incidentId: minor.id, severity: 'critical' });
      expect(again.artifact).not.toHaveProperty('severityChange');
      const events = await eventsOf(minor.id);
      expect(events.map(({ event, payload }) => [event, payload.severityChange])).toEqual([
        ['incident.created', undefined],
        ['incident.updated', 'critical'],
      ]);
    });

    test('does not add, with dedupe, a system that has another open incident', async () => {
      const [a, b, c] = [newSystem(), newSystem(), newSystem()];
      const dedupe = { dedupe_open_for_system: true };
      const older = await act(createAction, config([a], dedupe));
      await act(createAction, config([b], dedupe));
      const both = await act(createAction, config([b, c, a], dedupe));
      const { incidentId } = older.artifact as { incidentId: string };
      expect(both.artifact).toMatchObject({ incidentId, reused: true, systemIds: [a, c] });
    });

    test('opens, with dedupe, exactly one incident for many concurrent runs with overlapping systems', async () => {
      const systems = [newSystem(), newSystem(), newSystem()];
      const made = await Promise.all(
        Array.from({ length: 12 }, (_, i) => {
          const ids = [systems[i % 3] ?? '', systems[(i + 1) % 3] ?? ''];
          return act(createAction, config(i % 2 ? ids : ids.reverse(), { dedupe_open_for_system: true }));
        }),
      );
      expect(new Set(made.map((result) => result.artifact?.incidentId)).size).toBe(1);
      expect(made.filter((result) => result.artifact?.reused === false)).toHaveLength(1);
    });
  });

  describe('steps for an incident', () => {
    test('use the consumed artifact, and resolving closes the incident', async () => {
      const consumed = (await act(createAction, { title: 'x', severity: 'minor', systemIds: ['s'] })).artifact ?? {};
      const moved = await act(updateStatusAction, { status: 'fixing', message: 'on it' }, consumed);
      expect(moved).toMatchObject({ artifact: { status: 'fixing' }, closesConsumed: false });
      await act(addUpdateAction, { message: 'nearly' }, consumed);
      expect(await act(resolveAction, { message: 'Recovered' }, consumed)).toMatchObject({
        artifact: { status: 'resolved', incidentId: consumed.incidentId },
        closesConsumed: true,
      });
    });

    test('fail with artifact_missing without an id and an artifact', async () => {
      await expect(act(resolveAction, { message: 'x' })).rejects.toMatchObject({ code: 'artifact_missing' });
    });

    test('do not change incidents that people opened, with onlyIfCreatedByAutomation', async () => {
      const { id } = await open(['s']);
      const result = await act(resolveAction, { incidentId: id, onlyIfCreatedByAutomation: true });
      expect(result).toMatchObject({ output: { resolved: false }, artifact: { status: 'investigating' } });
      expect(result.closesConsumed).toBe(false);
    });
  });
});
