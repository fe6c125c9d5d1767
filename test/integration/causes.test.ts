import { runFermata } from '../support/process';
import { until } from '../support/until';
import { onAlert, startWhyFixture, type Fields, type WhyFixture } from '../support/why-fixture';

const OPENS = `
name: Degraded system opens an incident
triggers: [{ id: bad, event: healthcheck.system_degraded, filter: 'trigger.payload.systemId == "shop" && !trigger.payload.missing' }]
conditions: [{ or: ['trigger.payload.newStatus == "degraded"', 'trigger.payload.newStatus == "unhealthy"'] }]
actions: [{ action: incident.create, config: { title: Shop is down, severity: critical, systemIds: [shop] } }]
`;
const PAGES = `
name: Page for incidents
triggers: [{ id: opened, event: incident.created }]
actions: [{ action: automation.log, config: { message: paged } }]
`;

describe('an alert that causes an incident through the health of its system', () => {
  let fixture: WhyFixture;
  let opens: string;
  let pages: string;
  let fingerprint: string;
  beforeAll(async () => {
    fixture = await startWhyFixture();
    const { engine, fire, alert } = fixture;
    opens = await engine.save(OPENS);
    pages = await engine.save(PAGES);
    fingerprint = await fire(alert({ service: 'shop', instance: 'db-1' }));
    await engine.ended(1, opens);
    await engine.ended(1, pages);
  }, 360_000);
  afterAll(() => fixture.engine.close());

  const get = (path: string) => fixture.engine.call(fixture.api, 'GET', path);
  const onlyRun = async (id: string) => {
    const [run] = await fixture.engine.runs(id);
    if (run === undefined) throw new Error('no run');
    return run.id;
  };
  const changeOf = async (query: string) => {
    const { items } = await get(`/changes?${query}`);
    return String((items as Fields[])[0]?.['changeId']);
  };
  const name = 'DiskFull {instance="db-1", service="shop", severity="critical"}';

  test('lists both runs, and marks them as indirect', async () => {
    const { runs } = await get(`/alerts/${fingerprint}`);
    expect(runs).toMatchObject([
      { automationName: 'Page for incidents', indirect: true, status: 'success' },
      { automationName: 'Degraded system opens an incident', indirect: true, status: 'success' },
    ]);
    const env = fixture.engine.env({ FERMATA_URL: fixture.api.url });
    expect((await runFermata(['alert', fingerprint], env)).out).toMatch(/success +indirectly +Page for incidents/);
  }, 120_000);

  test('is the first cause of the last run', async () => {
    const alertChange = { kind: 'alert', id: fingerprint, name, events: ['alert.fired'] };
    expect((await get(`/runs/${await onlyRun(pages)}/causes`))['up']).toMatchObject([
      { automationName: 'Page for incidents', kind: 'incident', name: 'Shop is down', from: [] },
      { automationName: 'Degraded system opens an incident', kind: 'health', id: 'shop', from: [alertChange] },
    ]);
  });

  test('is linked to the change of health, in both directions', async () => {
    const [alertChange, health] = [await changeOf(`entity=${fingerprint}`), await changeOf('kind=health&entity=shop')];
    expect((await get(`/changes/${health}`))['causes']).toMatchObject({
      ...{ from: [{ changeId: alertChange, kind: 'alert', name }], to: [], up: [] },
      down: [{ automationName: 'Degraded system opens an incident', kind: 'incident' }],
    });
    expect((await get(`/changes/${alertChange}`))['causes']).toMatchObject({
      ...{ from: [], up: [], to: [{ changeId: health, runs: [{ id: await onlyRun(opens) }] }] },
      down: [{ automationName: 'Degraded system opens an incident', kind: 'incident' }],
    });
    expect(await fixture.why(health)).toContain(`caused by alert.fired of alert ${name} (change ${alertChange})`);
    expect(await fixture.why(alertChange)).toMatch(
      /It caused healthcheck\.system_degraded, .* of health shop .*which started run .* of "Degraded system opens/,
    );
  }, 120_000);

  test('leads to a change that shows the values with which the filter and conditions of the started run were true', async () => {
    const health = await changeOf('kind=health&entity=shop');
    const { candidates } = await get(`/changes/${health}`);
    const [filter, condition] = ['triggers[0].filter', 'conditions[0].or[1]'];
    expect((candidates as Fields[]).find(({ automationId }) => automationId === opens)).toMatchObject({
      outcome: 'started',
      held: [
        { path: filter, expression: 'trigger.payload.systemId == "shop"', found: 'shop', wanted: 'shop' },
        { path: filter, expression: 'trigger.payload.missing', found: null, wanted: false },
        { path: condition, expression: 'trigger.payload.newStatus == "unhealthy"', found: 'unhealthy' },
      ],
    });
    expect(await fixture.why(health)).toContain('trigger.payload.systemId is "shop"');
  }, 120_000);

  test('has the same name in the lists of changes, runs and evaluations', async () => {
    const { engine, fire, alert } = fixture;
    const id = await engine.save(onAlert('Page for production', 'env="prod"'));
    const other = await fire(alert({ env: 'prod' }));
    await engine.ended(1, id);
    const refused = await fire(alert({ env: 'dev' }));
    const named = (env: string) => `DiskFull {severity="critical", env="${env}"}`;
    const first = async (path: string) => ((await get(path))['items'] as Fields[])[0];
    expect(await first(`/changes?entity=${other}`)).toMatchObject({ id: other, name: named('prod') });
    expect(await first(`/runs?automationId=${id}`)).toMatchObject({ contextKey: other, contextName: named('prod') });
    const reason = await until('the reason is written', () =>
      first(`/evaluations?about=${refused}&automationId=${id}`),
    );
    expect(reason).toMatchObject({ contextKey: refused, contextName: named('dev') });
  }, 120_000);

  test('shows the value that a matcher refused, in the change, in `fermata why` and in a dry run', async () => {
    const { engine, api, fire, alert, why } = fixture;
    const id = await engine.save(onAlert('Page for staging', 'env="staging"'));
    const changeId = await changeOf(`entity=${await fire(alert({ env: 'dev' }))}`);
    const deciding = {
      path: 'triggers[0].config.matchers[0]',
      expression: 'labels.env',
      found: 'dev',
      wanted: 'staging',
    };
    const { candidates } = await get(`/changes/${changeId}`);
    expect((candidates as Fields[]).find(({ automationId }) => automationId === id)).toMatchObject({ deciding });
    const dry = await engine.call(api, 'POST', `/automations/${id}/dry-run`, { changeId });
    expect(dry['gates']).toMatchObject([{ gate: 'config', passed: false, deciding }]);
    const text = 'labels.env is "dev", wanted "staging"';
    expect(await why(changeId)).toContain(text);
    const payload = JSON.stringify({ ...alert({ env: 'dev' }), source: 'alertmanager', name: 'DiskFull' });
    const env = engine.env({ FERMATA_URL: api.url });
    const ran = await runFermata(['dry-run', 'Page for staging', '--payload', payload], env);
    expect(ran.out).toContain(`config  ${text}`);
  }, 120_000);
});
