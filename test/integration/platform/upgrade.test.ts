import { startFermata } from '../../support/process';
import { startEngine, type Engine } from '../../support/engine';
import { until } from '../../support/until';

describe('definitions from an older release', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine();
  }, 180_000);
  afterAll(() => engine.close());

  const save = (name: string) =>
    engine.save(`
      name: ${name}
      triggers: [{ event: healthcheck.system_degraded }]
      actions: [{ action: automation.log, config: { message: x } }]
    `);
  const makeOld = (id: string, triggers: unknown) =>
    engine.database.pool.query(
      `update automation_versions set schema_version = 1, definition = jsonb_set(definition, '{triggers}', $2::jsonb)
       where automation_id = $1`,
      [id, JSON.stringify(triggers)],
    );
  const migrate = async () => {
    const command = startFermata(['migrate'], engine.env());
    await until('it has migrated', () => command.exited(), 30_000);
    return command.output();
  };

  test('are upgraded by migrate, or disabled and listed as failures; a second run changes nothing', async () => {
    const api = await engine.api();
    const get = async (path: string) => {
      const answer = await fetch(`${api.url}/api/v1${path}`, { headers: { authorization: engine.authorization } });
      return (await answer.json()) as Record<string, unknown>;
    };
    const [good, bad, same] = [await save('good'), await save('bad'), await save('same')];
    const config = { transitions: 4, windowMinutes: 30 };
    await makeOld(good, [{ id: 'healthcheck_flapping_detected', event: 'healthcheck.flapping_detected', config }]);
    await makeOld(bad, [{ id: 'gone', event: 'healthcheck.no_more' }]);
    await makeOld(same, [{ id: 'healthcheck_system_degraded', event: 'healthcheck.system_degraded' }]);
    const output = await migrate();
    expect(output).toContain('upgraded 1 automations');
    expect(output).toContain('1 automations could not be upgraded and are disabled');

    expect(await get(`/automations/${good}`)).toMatchObject({
      ...{ version: 2, status: 'enabled' },
      definition: {
        triggers: [
          {
            id: 'healthcheck_flapping_detected',
            event: 'healthcheck.system_health_changed',
            filter: 'trigger.payload.newStatus != "healthy"',
            window: { count: 4, minutes: 30, refire: 'once' },
          },
        ],
      },
    });
    expect(await get(`/automations/${bad}`)).toMatchObject({ version: 1, status: 'disabled' });
    expect(await get(`/automations/${same}`)).toMatchObject({ version: 1, status: 'enabled' });
    const listed = (await get('/migration-failures')) as { items: Record<string, unknown>[] };
    expect(listed.items).toEqual([
      expect.objectContaining({ automationId: bad, automationName: 'bad', version: 1, acknowledgedAt: null }),
    ]);
    expect(listed.items[0]?.['errors']).toMatchObject([{ path: 'triggers[0].event' }]);

    expect(await migrate()).not.toMatch(/upgraded [0-9]/);
    const again = (await get('/migration-failures')) as { items: Record<string, unknown>[] };
    expect(again.items).toHaveLength(1);
    const acknowledge = `/migration-failures/${String(listed.items[0]?.['id'])}/acknowledge`;
    expect((await engine.post(api, acknowledge, {})).status).toBe(204);
    expect(await get('/migration-failures')).toMatchObject({ items: [] });
    expect((await get('/migration-failures?acknowledged=true'))['items']).toHaveLength(1);
  }, 360_000);
});
