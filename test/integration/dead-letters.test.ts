import { sql } from 'drizzle-orm';
import { createEntityStore } from '../../src/db/entity-store';
import { systemClock, uuidV7 } from '../../src/domain/clock';
import { createRegistry } from '../../src/domain/registry/registry';
import { startEngine, type Engine } from '../support/engine';
import { testPlugins } from '../support/plugins';
import type { FermataProcess } from '../support/process';
import { until } from '../support/until';

const BY_TEST = { actor: { type: 'user', id: 'test' }, causedBy: null, depth: 0 } as const;

describe('a dead letter', () => {
  let engine: Engine;
  let api: FermataProcess & { url: string };
  const entities = createEntityStore({ registry: createRegistry(testPlugins()), clock: systemClock, ids: uuidV7 });
  beforeAll(async () => {
    engine = await startEngine();
    api = await engine.api();
    await engine.worker();
    await engine.database.db.transaction((tx) =>
      entities.kinds.put(tx, 'lamp', { schema: { type: 'object' }, reactive: true }),
    );
  }, 360_000);
  afterAll(() => engine.close());

  /** Sets the status of a lamp, and turns the change into a dead letter, as happens after the last failed attempt. */
  const appendDeadLetter = (id: string, status: string): Promise<string> =>
    engine.database.db.transaction(async (tx) => {
      const { changeId = '' } = await entities.mutate(tx, { kind: 'lamp', id }, () => ({ status }), BY_TEST);
      await tx.execute(sql`
        update changes set attempts = 5, failed_at = clock_timestamp(), routed_at = clock_timestamp(),
          error = '{"message": "a bug"}' where change_id = ${changeId}`);
      return changeId;
    });
  const setStatus = (id: string, status: string) =>
    engine.database.db.transaction((tx) => entities.mutate(tx, { kind: 'lamp', id }, () => ({ status }), BY_TEST));
  const retry = (changeId: string) => engine.post(api, `/changes/${changeId}/retry`, {});
  const listed = async () => {
    const answer = await fetch(`${api.url}/api/v1/changes/failed`, {
      headers: { authorization: engine.authorization },
    });
    return ((await answer.json()) as { items: { changeId: string; error: unknown; attempts: number }[] }).items;
  };
  const routed = () => engine.routed(60_000);
  const whenOn = (more = '') => `
    name: On
    mode: parallel
    triggers: [{ event: automation.entity_changed, config: { kind: lamp, field: status${more} } }]
    actions: [{ action: automation.log, config: { message: on } }]
  `;

  test('is listed with its error, and starts a run when it is retried', async () => {
    const id = await engine.save(whenOn(', to: on'));
    const changeId = await appendDeadLetter('a', 'on');
    expect(await listed()).toMatchObject([{ changeId, attempts: 5, error: { message: 'a bug' } }]);
    const answer = await retry(changeId);
    expect(answer.status).toBe(200);
    await engine.ended(1, id);
    expect(await listed()).toEqual([]);
    expect((await retry(changeId)).status).toBe(404);
  }, 180_000);

  test('does not start the run of a trigger whose state no longer holds, but that of a trigger on any change', async () => {
    const [ofState, ofMoment] = [await engine.save(whenOn(', to: on')), await engine.save(whenOn())];
    const changeId = await appendDeadLetter('b', 'on');
    await setStatus('b', 'off');
    await engine.ended(1, ofMoment);
    await retry(changeId);
    await routed();
    await engine.ended(2, ofMoment);
    await until('the reason is written', async () =>
      (await engine.outcomes(ofState)).some(({ outcome, detail }) => outcome === 'config' && /retried/.test(detail)),
    );
    expect(await engine.runs(ofState)).toEqual([]);
  }, 180_000);

  test('does not end a dwell that was armed after it', async () => {
    const id = await engine.save(`
      name: Stays on
      triggers: [{ event: automation.entity_changed, config: { kind: lamp, id: c, field: status, to: on }, for: { hours: 1 } }]
      actions: [{ action: automation.log, config: { message: on } }]
    `);
    const changeId = await appendDeadLetter('c', 'off');
    await setStatus('c', 'on');
    const armed = () =>
      engine.database.pool.query("select 1 from dwells where automation_id = $1 and status = 'armed'", [id]);
    await until('it is armed', async () => (await armed()).rowCount === 1);
    expect((await retry(changeId)).status).toBe(200);
    await routed();
    expect((await armed()).rowCount).toBe(1);
  }, 180_000);

  test('is evaluated with the health of the system at the time of the retry', async () => {
    const id = await engine.save(`
      name: Degraded
      triggers: [{ event: healthcheck.system_degraded }]
      actions: [{ action: automation.log, config: { message: degraded } }]
    `);
    const report = (status: string) =>
      engine.post(api, '/health/results', { systemId: 'sys', configurationId: 'http', status });
    await report('unhealthy');
    await engine.ended(1, id);
    const found = await engine.database.db.execute<{ change_id: string }>(sql`
      update changes set routed_at = clock_timestamp(), failed_at = clock_timestamp(), error = '{"message": "a bug"}'
      where kind = 'health' and entity_id = 'sys' and event is null returning change_id`);
    await engine.database.db.execute(sql`delete from runs where automation_id = ${id}`);
    await report('healthy');
    await routed();
    await retry(found.rows[0]?.change_id ?? '');
    await routed();
    await until('the reason is written', async () =>
      (await engine.outcomes(id)).some(({ detail }) => /retried/.test(detail)),
    );
    expect(await engine.runs(id)).toEqual([]);
  }, 180_000);
});
