import { join } from 'node:path';
import { appendChanges } from '../../src/db/change-log';
import { projectRoot } from '../../src/project-root';
import { startEngine, type Engine } from '../support/engine';
import { CAUSE } from '../support/plugin-fleet';
import { until } from '../support/until';

const FAULTY = join(projectRoot(), 'test', 'support', 'faulty-plugin.mjs');

describe('a plugin that throws', () => {
  let engine: Engine;
  let api: { url: string };
  beforeAll(async () => {
    engine = await startEngine();
    api = await engine.api({ FERMATA_PLUGINS: FAULTY });
  }, 360_000);
  afterAll(() => engine.close());

  const save = async (name: string, event: string, config: object = {}): Promise<string> => {
    const document = { name, mode: 'parallel', triggers: [{ event, config }], actions: [{ variables: { n: '1' } }] };
    return String((await engine.call(api, 'POST', '/automations', document))['id']);
  };
  const emit = async (event: string, payload: Record<string, unknown>) => {
    const [change] = await appendChanges(engine.database.db, [
      { kind: 'event', id: event, occurredAt: new Date(), cause: CAUSE, contextKey: null, event, payload },
    ]);
    return change?.changeId ?? '';
  };

  it('while changes are routed delays only these changes, which are set aside with the error', async () => {
    const indexed = await save('indexed', 'faulty.indexed');
    const compared = await save('compared', 'faulty.compared', { n: 1 });
    await save('keyed', 'faulty.keyed');
    const other = await save('other', 'automation.event', { type: 'other' });
    const keyed = await emit('faulty.keyed', {});
    await emit('faulty.compared', { n: 2 });
    await emit('faulty.compared', { n: 1 });
    await engine.emit('other');
    const worker = await engine.worker({ FERMATA_PLUGINS: FAULTY });
    await engine.ended(1, other, 30_000);
    await engine.ended(1, compared, 30_000);
    await until('the refusal is recorded', async () =>
      (await engine.outcomes(compared)).some(({ outcome }) => outcome === 'config'),
    );
    await until('the broken automation is reported', async () =>
      (await engine.outcomes(indexed)).some(({ detail }) => detail.includes('The key of the config threw')),
    );
    const failed = await until(
      'the change is set aside',
      async () => ((await engine.call(api, 'GET', '/changes/failed'))['items'] as object[])[0],
      90_000,
    );
    expect(failed).toMatchObject({ changeId: keyed, error: { message: 'The key of the payload threw' } });
    expect(await engine.runs(indexed)).toEqual([]);
    await worker.stop();
  }, 360_000);

  it('delays only the changes of an entity whose listener reaches no server', async () => {
    await engine.call(api, 'PUT', '/entity-kinds/lamp', { schema: { type: 'object' } });
    const other = await save('beside', 'automation.event', { type: 'beside' });
    const worker = await engine.worker({ FERMATA_PLUGINS: FAULTY });
    await engine.call(api, 'PUT', '/entities/lamp/unreachable', { on: true });
    await engine.emit('beside');
    await engine.ended(1, other, 10_000);
    const isSetAside = async () => {
      const failed = (await engine.call(api, 'GET', '/changes/failed'))['items'] as { error: { message: string } }[];
      return failed.some(({ error }) => error.message === 'The listener: connect ECONNREFUSED 127.0.0.1:1');
    };
    await until('its change is set aside', isSetAside, 90_000);
    await worker.stop();
  }, 360_000);

  it('delays only the changes of an entity whose listener takes long, and calls the listener once for each of them', async () => {
    await engine.call(api, 'PUT', '/entity-kinds/lamp', { schema: { type: 'object' } });
    const other = await save('beside-slow', 'automation.event', { type: 'beside-slow' });
    const own = await save('of the lamp', 'automation.entity_changed', { kind: 'lamp', field: 'on' });
    const worker = await engine.worker({ FERMATA_PLUGINS: FAULTY });
    await engine.call(api, 'PUT', '/entities/lamp/slow', { on: true });
    await until('the listener is called', () => worker.output().includes('slow listener called'));
    const ids = await engine.emit('beside-slow', {}, { times: 3 });
    await engine.ended(3, other, 20_000);
    const { rows } = await engine.database.pool.query<{ first: boolean }>(
      `select routed_at < (select coalesce(max(routed_at), 'infinity') from changes where entity_id = 'slow') as first
       from changes where change_id = any($1)`,
      [ids],
    );
    expect(rows.map(({ first }) => first)).toEqual([true, true, true]);
    await engine.call(api, 'PUT', '/entities/lamp/slow', { on: false });
    await engine.ended(2, own, 60_000);
    expect(worker.output().match(/slow listener called/g)).toHaveLength(2);
    await worker.stop();
  }, 360_000);

  it.each([
    ['call', 2, { code: 'network_error', message: 'The call: connect ECONNREFUSED 127.0.0.1:1' }],
    ['write', 1, { code: 'provider_failed', message: 'The write: connect ECONNREFUSED 127.0.0.1:1' }],
  ])(
    'fails a step whose action (%s) reaches no server, with that error',
    async (name, attempts, error) => {
      const saved = await engine.call(api, 'POST', '/automations', {
        ...{ name, triggers: [{ event: 'automation.event', config: { type: name } }] },
        actions: [{ action: `faulty.${name}`, config: {}, retry: { max_attempts: 2, initial_seconds: 1 } }],
      });
      await engine.emit(name);
      const worker = await engine.worker({ FERMATA_PLUGINS: FAULTY });
      const [run] = await engine.ended(1, String(saved['id']), 30_000);
      expect(run?.error).toMatchObject(error);
      expect((await engine.steps(run?.id ?? ''))[0]).toMatchObject({ status: 'failed', attempts });
      await worker.stop();
    },
    360_000,
  );
});
