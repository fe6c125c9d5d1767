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

const WARNS = `
name: Warn about impact
triggers: [{ id: spread, event: dependency.impact_propagated, filter: 'trigger.payload.sourceSystemId == "vault"' }]
actions: [{ action: automation.log, config: { message: warned } }]
`;
const STAYS_HOT = `
name: Boiler stays hot
triggers:
  - id: hot
    event: automation.entity_changed
    config: { kind: boiler, field: status, to: hot }
    filter: trigger.payload.next.load > 5
    for: { seconds: 2 }
conditions: ['trigger.dwell.seconds >= 2']
actions: [{ action: automation.log, config: { message: hot } }]
`;
const AWAITS = `
name: Wait for the end
triggers: [{ id: fired, event: alert.fired, config: { matchers: ['env="await"'] } }]
actions:
  - parallel:
      - wait_until: { condition: 'state.alert[trigger.payload.fingerprint].status == "resolved"', timeout_seconds: 600 }
      - wait_for_trigger: { event: alert.resolved, timeout_seconds: 600 }
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

  test('leads through the impact of its system on another system to a run, and from the run back to the alert', async () => {
    const { engine, api, fire, alert, why } = fixture;
    for (const id of ['vault', 'portal']) await engine.call(api, 'POST', '/systems', { id, name: id });
    const edge = { sourceSystemId: 'portal', targetSystemId: 'vault', impactType: 'critical' };
    await engine.call(api, 'POST', '/dependencies', edge);
    const id = await engine.save(WARNS);
    const vault = await fire(alert({ service: 'vault', instance: 'v-1' }));
    await engine.ended(1, id);
    const alertRef = { kind: 'alert', id: vault, events: ['alert.fired'] };
    const healthRef = { kind: 'health', id: 'vault', from: [alertRef] };
    expect((await get(`/runs/${await onlyRun(id)}/causes`))['up']).toMatchObject([
      { automationName: 'Warn about impact', event: 'dependency.impact_propagated', id: 'vault', from: [healthRef] },
    ]);
    const impact = await changeOf('event=dependency.impact_propagated');
    expect((await get(`/changes/${impact}`))['causes']).toMatchObject({ from: [healthRef], up: [] });
    const health = await changeOf('kind=health&entity=vault');
    const runs = [{ id: await onlyRun(id) }];
    expect((await get(`/changes/${health}`))['causes']).toMatchObject({
      from: [{ ...alertRef, from: [] }],
      to: [{ changeId: impact, runs }],
    });
    expect((await get(`/changes/${await changeOf(`entity=${vault}`)}`))['causes']).toMatchObject({
      to: [
        { changeId: health, runs: [] },
        { changeId: impact, runs },
      ],
    });
    expect((await get(`/alerts/${vault}`))['runs']).toMatchObject([
      { automationName: 'Warn about impact', indirect: true },
    ]);
    const text = await why(impact);
    expect(text).toMatch(
      /caused by healthcheck\.system_degraded, .* of health vault .*\n +caused by alert\.fired of alert /,
    );
  }, 120_000);

  test('shows what held when a dwell was armed, and then the conditions at its deadline', async () => {
    const { engine, api, why } = fixture;
    await engine.call(api, 'PUT', '/entity-kinds/boiler', { schema: { type: 'object' } });
    const id = await engine.save(STAYS_HOT);
    const set = (boiler: string, load: number) =>
      engine.call(api, 'PUT', `/entities/boiler/${boiler}`, { status: 'hot', load });
    const candidateOf = async (boiler: string) => {
      const { candidates } = await get(`/changes/${await changeOf(`entity=${boiler}&kind=boiler`)}`);
      return (candidates as Fields[]).find(({ automationId }) => automationId === id);
    };
    const armed = [
      expect.objectContaining({ path: 'triggers[0].config.to', found: 'hot', wanted: 'hot' }) as object,
      { path: 'triggers[0].filter', expression: 'trigger.payload.next.load > 5', found: 9, wanted: { '>': 5 } },
    ];
    await set('b1', 9);
    await engine.ended(1, id);
    const started = await candidateOf('b1');
    expect(started).toMatchObject({ outcome: 'started', dwell: { firesAt: expect.any(String) as string } });
    expect(started?.['heldWhenArmed']).toEqual(expect.arrayContaining(armed));
    expect(started?.['held']).toEqual([
      { path: 'conditions[0]', expression: 'trigger.dwell.seconds >= 2', found: 2, wanted: { '>=': 2 } },
    ]);
    const text = await why(await changeOf('entity=b1&kind=boiler'));
    expect(text).toContain('trigger.payload.next.load is 9, wanted > 5 (when the dwell was armed)');
    expect(text).toContain('trigger.dwell.seconds is 2, wanted >= 2\n');
    await engine.call(api, 'PATCH', `/automations/${id}`, { conditions: ['trigger.payload.next.load > 100'] });
    await set('b2', 9);
    const waiting = await until('it is armed', async () => {
      const candidate = await candidateOf('b2');
      return candidate?.['outcome'] === 'dwell_armed' && candidate;
    });
    expect(waiting['heldWhenArmed']).toEqual(expect.arrayContaining(armed));
    expect(waiting).not.toHaveProperty('held');
    const refused = await until('it has fired', async () => {
      const candidate = await candidateOf('b2');
      return candidate?.['outcome'] === 'condition' && candidate;
    });
    expect(refused).toMatchObject({ deciding: { path: 'conditions[0]', found: 9 } });
    expect(refused['heldWhenArmed']).toEqual(expect.arrayContaining(armed));
  }, 120_000);

  test('is named in the lists of waits, silences and entities', async () => {
    const { engine, api, fire, alert } = fixture;
    const id = await engine.save(AWAITS);
    const awaited = await fire(alert({ env: 'await' }));
    const waits = (runId: string) => get(`/waits?runId=${runId}`).then(({ items }) => items as Fields[]);
    const [wait, other] = await until('both steps wait', async () => {
      const [run] = await engine.runs(id);
      const found = run === undefined ? [] : await waits(run.id);
      return found.length === 2 && found.sort((a, b) => String(b['kind']).localeCompare(String(a['kind'])));
    });
    const shown = `DiskFull {severity="critical", env="await"}`;
    expect(wait).toMatchObject({ kind: 'wait_until', refs: [`alert:${awaited}`], refNames: [shown] });
    expect(other).toMatchObject({ contextKeys: [awaited], contextNames: [shown], refs: [], refNames: [] });
    await engine.call(api, 'POST', `/alerts/${awaited}/silence`, { durationMinutes: 5 });
    expect((await get('/alert-silences'))['items']).toMatchObject([{ fingerprint: awaited, name: shown }]);
    expect(await get(`/entities/alert/${awaited}`)).toMatchObject({ id: awaited, name: shown });
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
    await engine.emit('about.alert', {}, { subject: other });
    expect(await first('/changes?event=about.alert')).toMatchObject({ contextKey: other, contextName: named('prod') });
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
