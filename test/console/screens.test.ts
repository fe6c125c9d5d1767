import type { Page } from 'playwright-core';
import { BASE } from '../integration/api-harness';
import { describeConsole, picture, seriousFindings, startConsole, type ConsoleHarness } from './console-harness';

/** Texts that would run or fetch something if any screen took them for HTML, a link or a style. */
const HOSTILE = [
  '<img src=x onerror="window.hacked=1">',
  '<script>window.hacked=1</script>',
  '"><svg onload=window.hacked=1>',
  'javascript:window.hacked=1',
  '[click](javascript:window.hacked=1) ![i](http://elsewhere.test/i.png)',
  '<style>@import "http://elsewhere.test/a.css"</style>',
].join(' ');
/** Names have at most 200 characters. */
const TITLE = HOSTILE.slice(0, 190);
const LONG = 'a name that goes on and on without an end, for all of this line and then some more of it';

interface DOMRectLike {
  left: number;
  right: number;
}

/** Names of buttons that change something, or begin to. */
const CHANGES =
  /^(Run now|Delete|Save|Create|Acknowledge|Silence |Resolve|New |Plan|Open an|Edit|Replace|Remove|Revoke|Retry|Cancel|End|Test|Add update|Add a package|Change status|Run it|Try it out|Roll back)/;

describeConsole('every screen of the console', () => {
  let screens: ConsoleHarness;
  let paths: readonly (readonly [name: string, path: string])[];
  beforeAll(async () => {
    screens = await startConsole();
    paths = await fill(screens);
  }, 60_000);
  afterAll(() => screens.end());

  const settled = async (page: Page) => {
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'detached' });
  };

  it.each([
    ['1280', { viewport: { width: 1280, height: 800 } }],
    ['dark', { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' as const }],
    ['390', { viewport: { width: 390, height: 844 } }],
  ])(
    'shows hostile and long texts as text, is accessible and does not scroll sideways (%s)',
    async (name, options) => {
      const { page, wrong } = await screens.open('/now', options);
      const found: Record<string, unknown> = {};
      for (const [screen, path] of paths) {
        await page.goto(`${screens.api.url}/console${path}`);
        await settled(page);
        expect(await page.evaluate('window.hacked')).toBeUndefined();
        expect(await page.locator('a[href^="javascript:" i]').count()).toBe(0);
        await picture(page, `${screen}-${name}`);
        // Colours differ by scheme; all else is the same, and is checked once.
        const findings = await seriousFindings(page, name === '1280' ? [] : ['color-contrast']);
        const fits = await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth');
        // The screen of a failed run shows the error of the run.
        const alerts =
          screen === 'run' || screen === 'run-graph' ? [] : await page.locator('.problem').allTextContents();
        if (findings.length > 0 || fits !== true || alerts.length > 0) found[screen] = { findings, fits, alerts };
      }
      expect(wrong).toEqual([]);
      expect(found).toEqual({});
    },
    600_000,
  );

  it('is reached from the keyboard alone', async () => {
    const { page } = await screens.open('/now');
    await settled(page);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
    for (let tabs = 0; tabs < 20; tabs += 1) {
      await page.keyboard.press('Tab');
      if ((await page.evaluate('document.activeElement.textContent.trim()')) === 'Incidents') break;
    }
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Incidents' }).waitFor();
  });

  it('shows at 390 px where one is, and moves between tabs by arrows', async () => {
    const { page } = await screens.open('/system?tab=refused', { viewport: { width: 390, height: 844 } });
    await settled(page);
    const inView = (selector: string) =>
      page.locator(selector).evaluate((element) => {
        const { left, right } = (
          element as unknown as { getBoundingClientRect(): DOMRectLike }
        ).getBoundingClientRect();
        return left >= 0 && right <= 390;
      });
    expect(await inView('nav [aria-current=page]')).toBe(true);
    expect(await inView('[role=tab][aria-selected=true]')).toBe(true);
    await page.getByRole('tab', { name: 'Refused deliveries' }).focus();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    await page.getByRole('tab', { name: 'Dead letters', selected: true }).waitFor();
  });

  it('shows everything to a viewer and lets a viewer change nothing', async () => {
    const { page, wrong } = await screens.open('/now', { roles: ['viewer'] });
    const enabled: Record<string, string[]> = {};
    for (const [screen, path] of paths) {
      await page.goto(`${screens.api.url}/console${path}`);
      await settled(page);
      const names = await page
        .locator('button:not(.picks button)')
        .and(page.getByRole('button', { name: CHANGES, disabled: false }))
        .allTextContents();
      const wrongly = names.map((text) => text.trim());
      if (wrongly.length > 0) enabled[screen] = wrongly;
    }
    expect(enabled).toEqual({});
    expect(wrong).toEqual([]);
  }, 300_000);
});

/** Something on every screen, with texts that are long or mean harm; gives the addresses of all screens. */
async function fill({ api, post, automation }: ConsoleHarness): Promise<(readonly [string, string])[]> {
  const id = await automation({
    name: `${HOSTILE.slice(0, 120)} end`,
    description: HOSTILE,
    group: '<b>group</b>',
    variables: { text: HOSTILE },
    actions: [
      { id: 'say', action: 'automation.log', config: { message: HOSTILE } },
      {
        choose: [{ when: 'trigger.payload.a == 1', sequence: [{ delay: { minutes: 5 } }] }],
        else: [{ stop: { reason: LONG } }],
      },
      { parallel: Array.from({ length: 6 }, (_, n) => ({ id: `side_${n}`, delay: { minutes: 1 } })) },
    ],
    on_failure: [{ id: 'report', action: 'automation.log', config: { message: HOSTILE } }],
  });
  const run = String((await post(`/automations/${id}/runs`, { payload: { subject: HOSTILE } }))['runId']);
  const error = JSON.stringify({ code: 'failed', message: HOSTILE });
  await api.rows(
    "update runs set status = 'failed', started_at = now(), finished_at = now(), error = $2 where id = $1",
    [run, error],
  );
  await api.rows(
    `insert into run_steps (run_id, path, action_id, kind, status, attempts, began_seq, started_at, finished_at, error)
     values ($1, 'actions[0]', 'say', 'action', 'failed', 3, 1000, now(), now(), $2)`,
    [run, error],
  );
  await api.rows(
    `insert into evaluations (automation_id, trigger_id, change_id, outcome, detail, count, first_at, last_at)
     values ($1, 'automation_event', gen_random_uuid(), 'filter', $2, 4, now(), now())`,
    [id, HOSTILE],
  );
  await post('/systems', { id: 'checkout', name: TITLE, description: LONG });
  await post('/systems', { id: 'payments', name: LONG });
  await post('/dependencies', {
    sourceSystemId: 'checkout',
    targetSystemId: 'payments',
    impactType: 'critical',
    label: HOSTILE,
  });
  const labels = { alertname: TITLE, severity: 'critical', system: 'checkout', '<i>': HOSTILE };
  const annotations = { summary: HOSTILE, runbook_url: 'javascript:window.hacked=1', description: LONG };
  await post('/ingest/alertmanager', {
    version: '4',
    status: 'firing',
    alerts: [
      {
        status: 'firing',
        labels,
        annotations,
        startsAt: new Date().toISOString(),
        fingerprint: 'f00d',
        generatorURL: 'javascript:window.hacked=1',
      },
    ],
  });
  await post('/alert-silences', { matchers: ['alertname="Other"'], durationMinutes: 60, comment: HOSTILE });
  const incident = await post('/incidents', {
    title: TITLE,
    severity: 'critical',
    systemIds: ['checkout'],
    message: HOSTILE,
  });
  const inAnHour = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
  const maintenance = await post('/maintenances', {
    title: TITLE,
    description: LONG,
    systemIds: ['payments'],
    startAt: inAnHour(1),
    endAt: inAnHour(2),
  });
  await post('/slos', { systemId: 'checkout', name: TITLE, target: 99.9 });
  await api.call('PUT', `${BASE}/entity-kinds/light`, { body: { schema: { type: 'object' }, description: HOSTILE } });
  await api.call('PUT', `${BASE}/entities/light/hall`, { body: { text: HOSTILE } });
  await api.call('PUT', `${BASE}/secrets/PAGER`, { body: { value: 'long-enough-value' } });
  await post('/hooks', { name: 'pushes', scheme: 'github', secrets: ['0123456789abcdef0123'] });
  return [
    ['now', '/now'],
    ['automations', '/automations'],
    ['automation', `/automations/${id}`],
    ['automation-refused', `/automations/${id}?tab=evaluations`],
    ['automation-versions', `/automations/${id}?tab=versions`],
    ['automation-graph', `/automations/${id}?view=graph`],
    ['editor', `/automations/${id}/edit`],
    ['editor-graph', `/automations/${id}/edit?view=graph`],
    ['runs', '/runs'],
    ['run', `/runs/${run}`],
    ['run-graph', `/runs/${run}?view=graph`],
    ['alerts', '/alerts'],
    ['silences', '/alerts?tab=silences'],
    ['alert', '/alerts/f00d'],
    ['incidents', '/incidents'],
    ['incident', `/incidents/${String(incident['id'])}`],
    ['maintenances', '/maintenances'],
    ['maintenance', `/maintenances/${String(maintenance['id'])}`],
    ['slos', '/slos'],
    ['systems', '/systems'],
    ['systems-map', '/systems?view=map'],
    ['system', '/systems/checkout'],
    ['kinds', '/entities'],
    ['entities', '/entities/light'],
    ['entity', '/entities/light/hall'],
    ['connections', '/connections'],
    ['hooks', '/connections?tab=hooks'],
    ['secrets', '/connections?tab=secrets'],
    ['packages', '/connections?tab=packages'],
    ['scripts', '/scripts'],
    ['tokens', '/system'],
    ['audit', '/system?tab=audit'],
    ['triggers', '/system?tab=triggers'],
    ['actions', '/system?tab=actions'],
    ['settings', '/system?tab=settings'],
    ['dead-letters', '/system?tab=dead'],
    ['refused', '/system?tab=refused'],
  ];
}
