import { sql } from 'drizzle-orm';
import { runFermata } from '../support/process';
import { until } from '../support/until';
import { on, trigger, startWhyFixture, type Fields, type WhyFixture } from '../support/why-fixture';

describe('outcomes of changes', () => {
  let engine: WhyFixture['engine'];
  let api: WhyFixture['api'];
  let detail: WhyFixture['detail'];
  let emit: WhyFixture['emit'];
  let ended: WhyFixture['ended'];
  let alert: WhyFixture['alert'];
  let fire: WhyFixture['fire'];
  beforeAll(async () => {
    ({ engine, api, detail, emit, ended, alert, fire } = await startWhyFixture());
  }, 360_000);
  afterAll(() => engine.close());

  describe('GET /changes', () => {
    test('returns the whole outcome of a change', async () => {
      const id = await engine.save(on('shown'));
      const changeId = await emit('shown', { n: 1 }, { subject: 's1' });
      const [run] = await ended(id);
      expect(await detail(changeId)).toEqual({
        change: {
          ...{
            changeId,
            kind: 'automation.event',
            id: 's1',
            name: null,
            event: 'automation.event',
            events: ['automation.event'],
            customType: 'shown',
          },
          ...{ contextKey: 's1', contextName: null, occurredAt: expect.any(String) },
          ...{ changedFields: [], prev: null, next: null },
          payload: { type: 'shown', source: 'test', subject: 's1', data: { n: 1 } },
          ...{ routedAt: expect.any(String), failedAt: null, failure: null },
        },
        sender: { type: 'token', name: 'test' },
        candidates: [
          {
            ...{ automationId: id, automationName: 'Page for shown', triggerId: 't', version: 1 },
            ...{ outcome: 'started', detail: null, runId: run?.id },
            held: [{ path: 'triggers[0].config.type', expression: 'type', found: 'shown', wanted: 'shown' }],
          },
        ],
        runs: [expect.objectContaining({ id: run?.id, automationId: id, status: 'success' })],
        waits: [],
        causes: { from: [], to: [], up: [], down: [] },
      });
    });

    test('filters by entity, kind, event, system and time', async () => {
      const fingerprint = await fire(alert({ service: 'db-2' }));
      const list = async (query: string) =>
        ((await engine.call(api, 'GET', `/changes?${query}`))['items'] as Fields[]).map(
          ({ kind, id, events }) => `${String(kind)} ${String(id)} ${String(events)}`,
        );
      const fired = `alert ${fingerprint} alert.fired`;
      expect(await list(`kind=alert&entity=${fingerprint}`)).toEqual([fired]);
      expect((await list('event=alert.fired&limit=1'))[0]).toBe(fired);
      expect(await list(`entity=${fingerprint}&event=alert.resolved`)).toEqual([]);
      expect(await list('system=db-2')).toEqual(expect.arrayContaining([fired]));
      expect((await list('system=db-2')).some((each) => each.startsWith('health db-2 '))).toBe(true);
      expect(await list(`entity=${fingerprint}&until=1h`)).toEqual([]);
      expect(await list(`entity=${fingerprint}&since=1h`)).toEqual([fired]);
      await emit('listed', {}, { subject: 'listed-1' });
      expect(await list('event=listed')).toEqual(['automation.event listed-1 automation.event']);
      expect((await list('kind=automation.event&limit=1'))[0]).toBe('automation.event listed-1 automation.event');
    });

    test('returns all changes of an event, newest first, page by page without gaps', async () => {
      const ids: string[] = [];
      for (let n = 0; n < 5; n += 1) ids.unshift(await emit('paged', { n }));
      const seen: string[] = [];
      let cursor: unknown = null;
      do {
        const more = cursor === null ? '' : `&cursor=${String(cursor)}`;
        const page = await engine.call(api, 'GET', `/changes?event=paged&limit=2${more}`);
        seen.push(...(page['items'] as Fields[]).map(({ changeId }) => String(changeId)));
        cursor = page['nextCursor'];
      } while (cursor !== null);
      expect(seen).toEqual(ids);
    });
  });

  describe('reasons of automations', () => {
    const reasonsOf = async (path: string) => {
      const { items } = await engine.call(api, 'GET', path);
      return items as Fields[];
    };
    const filtered = (type: string) => trigger(type, `filter: 'trigger.payload.data.n > 5'`);

    test('contain the context key of the run that did not start, and are counted and filtered by it', async () => {
      const id = await engine.save(filtered('about'));
      for (const subject of ['web-1', 'web-2', 'web-1']) await emit('about', { n: 1 }, { subject });
      await emit('about', { n: 2 });
      const all = await until('the reasons are written', async () => {
        const items = await reasonsOf(`/automations/${id}/evaluations`);
        return items.length === 3 && items;
      });
      expect(all.map(({ contextKey, count }) => [contextKey, count])).toEqual([
        [null, 1],
        ['web-1', 2],
        ['web-2', 1],
      ]);
      expect(await reasonsOf(`/automations/${id}/evaluations?about=web-1`)).toMatchObject([
        { automationId: id, contextKey: 'web-1', outcome: 'filter', count: 2 },
      ]);
      expect(await reasonsOf(`/automations/${id}/evaluations?about=web-3`)).toEqual([]);
      const command = (...more: string[]) =>
        runFermata(['automations', ...more, '--about', 'web-2'], engine.env({ FERMATA_URL: api.url }));
      expect((await command('Page for about', '--why')).out).toMatch(/1 +t +filter +web-2 +.*data\.n > 5/);
      expect((await command('Page for about', '--why')).out).not.toContain('web-1');
      expect((await command('--why')).out).toMatch(/1 +Page for about +t +filter +web-2 /);
    }, 180_000);

    test('contain the system of an event even if the config of the trigger refuses it', async () => {
      const id = await engine.save(`
name: Slow
triggers: [{ id: slow, event: automation.numeric_state, config: { field: latencyMs, above: 100 } }]
actions: [{ action: automation.log, config: { message: slow } }]
`);
      const result = { systemId: 'web-9', configurationId: 'http', status: 'healthy', latencyMs: 5 };
      await engine.call(api, 'POST', '/health/results', result);
      const [reason] = await until('the reason is written', async () => {
        const items = await reasonsOf(`/evaluations?automationId=${id}`);
        return items.length > 0 && items;
      });
      expect(reason).toMatchObject({ automationName: 'Slow', contextKey: 'web-9', outcome: 'config' });
    });

    test('are kept after the automation is deleted, until its row is removed', async () => {
      const id = await engine.save(filtered('deleted'));
      await emit('deleted', { n: 1 }, { subject: 'web-7' });
      await until('the reason is written', async () => (await reasonsOf(`/automations/${id}/evaluations`)).length > 0);
      await engine.call(api, 'DELETE', `/automations/${id}`);
      expect(await reasonsOf(`/automations/${id}/evaluations`)).toMatchObject([{ contextKey: 'web-7', count: 1 }]);
      expect(await reasonsOf('/evaluations?about=web-7')).toMatchObject([
        { automationId: id, automationName: 'Page for deleted', automationDeletedAt: expect.any(String) },
      ]);
      const env = engine.env({ FERMATA_URL: api.url });
      expect((await runFermata(['automations', '--why', '--about', 'web-7'], env)).out).toContain('(deleted)');
      expect((await runFermata(['automations', id, '--why'], env)).out).toMatch(/filter +web-7/);
      await engine.database.db.execute(sql`delete from automations where id = ${id}`);
      expect(await reasonsOf('/evaluations?about=web-7')).toEqual([]);
    }, 180_000);
  });

  describe('GET /automations/{id}/explain', () => {
    test('shows what a change caused at the time, and what the current definition would do with it', async () => {
      const id = await engine.save(on('edited', `conditions: ['trigger.payload.data.n > 5']`));
      const changeId = await emit('edited', { n: 3 });
      await engine.save(on('edited', `conditions: ['trigger.payload.data.n > 2']`), id);
      const answer = await engine.call(api, 'GET', `/automations/${id}/explain?change=${changeId}`);
      expect(answer).toMatchObject({
        then: [
          {
            ...{ automationId: id, outcome: 'condition', version: 1 },
            deciding: { path: 'conditions[0]', expression: 'trigger.payload.data.n > 5', found: 3, wanted: { '>': 5 } },
          },
        ],
        now: { outcome: 'would_run', steps: [{ path: 'actions[0]', status: 'success' }] },
        stateAsOf: expect.any(String),
      });
      const gone = await fetch(`${api.url}/api/v1/automations/${id}/explain?change=${id}`, {
        headers: { authorization: engine.authorization },
      });
      expect(gone.status).toBe(404);
    });

    test('names a disabled automation and a disabled trigger as the outcome of the change did', async () => {
      const explain = (id: string, changeId: string) =>
        engine.call(api, 'GET', `/automations/${id}/explain?change=${changeId}`);
      const off = await engine.save(on('off'));
      await engine.call(api, 'POST', `/automations/${off}/disable`);
      expect(await explain(off, await emit('off'))).toMatchObject({
        ...{ then: [{ outcome: 'disabled' }], now: { outcome: 'disabled', gates: [], steps: [] } },
      });
      const mute = await engine.save(trigger('mute', 'enabled: false'));
      expect(await explain(mute, await emit('mute'))).toMatchObject({
        ...{ then: [{ outcome: 'trigger_disabled' }], now: { outcome: 'trigger_disabled', steps: [] } },
      });
    });

    test('returns the outcome config if no current trigger matches the change', async () => {
      const id = await engine.save(on('unrelated'));
      const answer = await engine.call(api, 'GET', `/automations/${id}/explain?change=${await emit('another')}`);
      expect(answer).toMatchObject({ then: [], now: { outcome: 'config', steps: [] } });
    });
  });
});
