import type { Browser } from 'playwright-core';
import { freePort } from '../../src/os/free-port';
import { startEngine, type Engine } from '../support/engine';
import { until } from '../support/until';
import { describeConsole, launchBrowser, openPage, picture, seriousFindings, writeDefinition } from './console-harness';

const FIRST = `name: Greet deploys
triggers:
  - event: automation.event
    config: { type: deploy }
actions:
  - id: greet
    action: automation.log
    config: { message: "Deployed {{ trigger.payload.subject }}" }
`;
const FAILS = `name: Calls a server that is down
triggers:
  - event: automation.event
    config: { type: call }
actions:
  - id: first
    action: automation.log
    config: { message: once }
  - id: call
    action: integration-webhook.send
    config: { url: "$URL/page" }
    retry: { max_attempts: 1 }
`;
const SLEEPS = `name: Sleeps
triggers:
  - event: automation.event
    config: { type: sleep }
actions:
  - id: nap
    delay: { minutes: 40 }
`;
const OPENS = `name: Degraded system opens an incident
triggers:
  - event: healthcheck.system_degraded
    filter: trigger.payload.systemId == "ledger"
actions:
  - action: incident.create
    config: { title: Ledger is down, severity: critical, systemIds: [ledger] }
`;
const FOLLOWS = `name: Follow incidents
triggers:
  - event: incident.created
    filter: trigger.payload.title == "Ledger is down"
actions:
  - condition: "!wait.completed"
  - action: automation.log
    config: { message: followed }
`;
const MATCHES = `name: Page for production
triggers:
  - event: alert.fired
    config: { matchers: ['env="prod"'] }
actions:
  - action: automation.log
    config: { message: paged }
`;
const HOLDS = `name: Vault stays down
triggers:
  - event: alert.fired
    config: { matchers: ['system="vault"'] }
    filter: trigger.payload.severity == "critical"
    for: { seconds: 1 }
conditions:
  - trigger.dwell.seconds >= 1
actions:
  - action: automation.log
    config: { message: held }
`;
const WARNS = `name: Warn about impact
triggers:
  - event: dependency.impact_propagated
    filter: trigger.payload.sourceSystemId == "vault"
actions:
  - action: automation.log
    config: { message: warned }
`;
const PAGES = `name: Page for critical alerts
triggers:
  - event: alert.fired
    filter: trigger.payload.severity == "critical"
actions:
  - id: page
    action: automation.log
    config: { message: "{{ trigger.payload.name }}" }
`;

/** Tests the console against a real API process, worker, Postgres and Temporal. */
describeConsole('the console with the whole service', () => {
  let engine: Engine;
  let browser: Browser;
  let api: Awaited<ReturnType<Engine['api']>>;
  let port: number;
  beforeAll(async () => {
    engine = await startEngine();
    port = await freePort();
    [api, , browser] = await Promise.all([start(), engine.worker(), launchBrowser()]);
  }, 180_000);
  afterAll(async () => {
    await (browser as Browser | undefined)?.close();
    await (engine as Engine | undefined)?.close();
  });
  const start = () => engine.api({ FERMATA_PORT: String(port), FERMATA_CONSOLE: 'on' });
  const origin = () => `http://127.0.0.1:${port}`;

  async function open(path: string) {
    const link = await engine.call({ url: origin() }, 'POST', '/session/links');
    const opened = await openPage(browser, origin(), String(link['path']));
    opened.page.setDefaultTimeout(45_000);
    await opened.page.getByRole('button', { name: 'Sign out' }).waitFor();
    await opened.page.goto(`${origin()}/console${path}`);
    return opened;
  }

  it('creates a first automation and starts its first run', async () => {
    const { page, problems } = await open('/automations/new');
    await writeDefinition(page, FIRST);
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByRole('heading', { name: 'Greet deploys' }).waitFor();
    await page.getByRole('button', { name: 'Run now' }).click();
    await page.getByLabel('As if started by').selectOption('automation_event');
    await page.getByLabel('subject').fill('release-42');
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.locator('.page-sub [data-status="success"]').waitFor();
    await page.getByRole('button', { name: /greet/ }).click();
    await page.getByText('Deployed release-42').first().waitFor();
    // Chromium adds inline styles to text that it merges while editing. The content security policy refuses them.
    expect(problems.filter((message) => !message.startsWith('Applying inline style'))).toEqual([]);
  }, 120_000);

  it('retries a failed run from the failed step', async () => {
    const id = await engine.save(FAILS);
    engine.receiver.answerWith((_received, response) => void response.writeHead(500).end());
    const { page } = await open(`/automations/${id}`);
    await page.getByRole('button', { name: 'Run now' }).click();
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.locator('.page-sub [data-status="failed"]').waitFor();
    engine.receiver.answerWith((_received, response) => void response.end('ok'));
    await page.getByRole('button', { name: 'Retry from the failed step' }).click();
    await page.getByText('retry of').waitFor();
    await page.locator('.page-sub [data-status="success"]').waitFor();
    await page.getByText('retry of').getByRole('link').click();
    await page.getByRole('button', { name: 'Retry from here' }).waitFor();
    await page.getByText('retried by').getByRole('link').waitFor();
    await page.getByRole('heading', { name: 'Retries' }).waitFor();
    await page.getByRole('button', { name: 'Retry from the start' }).click();
    await page.locator('.page-sub [data-status="success"]').waitFor();
    const rows = await engine.runs(id);
    expect(rows.map(({ status }) => status)).toEqual(['failed', 'success', 'success']);
  }, 120_000);

  it('shows what led to a run and what the run caused, with links to the other runs', async () => {
    const chain = (type: string, action: string) =>
      engine.save(`name: On ${type}
triggers: [{ event: automation.event, config: { type: ${type} } }]
actions: [${action}]
`);
    const emits = (type: string) => `{ action: automation.emit_event, config: { type: ${type} } }`;
    await chain('chain.first', emits('chain.second'));
    const id = await chain('chain.second', emits('chain.third'));
    const last = await chain('chain.third', '{ action: automation.log, config: { message: done } }');
    await engine.emit('chain.first');
    const [run] = await engine.ended(1, id);
    await engine.ended(1, last);
    const { page, problems } = await open(`/runs/${String(run?.id)}`);
    const led = page.getByRole('region', { name: 'What led to it' });
    const caused = page.getByRole('region', { name: 'What it caused' });
    await led.getByRole('link', { name: 'On chain.first' }).waitFor();
    expect(await led.getByRole('listitem').allTextContents()).toEqual([
      expect.stringMatching(/^chain\.first.*→On chain\.first$/),
      expect.stringMatching(/^chain\.second.*→this run$/),
    ]);
    await caused.getByRole('link', { name: 'On chain.third' }).waitFor();
    await caused.getByRole('link', { name: 'chain.third', exact: true }).waitFor();
    await picture(page, 'run-causes');
    await caused.getByRole('link', { name: 'On chain.third' }).click();
    await page.getByRole('heading', { name: 'On chain.third' }).waitFor();
    await led.getByRole('link', { name: 'On chain.second' }).waitFor();
    expect(await led.getByRole('listitem').count()).toBe(3);
    await caused.getByText('The steps of this run have not changed anything').waitFor();
    expect(problems).toEqual([]);
  }, 120_000);

  it('links an alert to the runs that it caused through its system, and these runs to the alert', async () => {
    const [opens, follows] = [await engine.save(OPENS), await engine.save(FOLLOWS)];
    await engine.call({ url: origin() }, 'POST', '/ingest/alertmanager', {
      ...{ version: '4', status: 'firing' },
      alerts: [
        {
          ...{ status: 'firing', fingerprint: 'ledgerdown', startsAt: new Date().toISOString(), annotations: {} },
          labels: { alertname: 'LedgerDown', severity: 'critical', system: 'ledger', env: 'dev' },
        },
      ],
    });
    await engine.ended(1, opens);
    await engine.ended(1, follows);
    const { page, problems } = await open('/alerts/ledgerdown');
    const runs = page.getByRole('region', { name: 'Runs caused by this alert' });
    await runs
      .getByRole('row')
      .filter({ hasText: 'Degraded system opens an incident' })
      .getByText('indirectly')
      .waitFor();
    await picture(page, 'alert-indirect-runs');
    await runs.getByRole('link', { name: 'Follow incidents' }).click();
    const led = page.getByRole('region', { name: 'What led to it' });
    await led.getByRole('link', { name: 'alert.fired' }).waitFor();
    expect(await led.getByRole('listitem').allTextContents()).toEqual([
      expect.stringMatching(
        /^alert\.fired alert LedgerDown .*→healthcheck\.system_degraded.*→Degraded system opens an incident$/,
      ),
      expect.stringMatching(/^incident\.created.*Ledger is down→this run$/),
    ]);
    await page.getByRole('button', { name: /condition/ }).click();
    await page.getByText('!wait.completed').first().waitFor();
    await page.getByText('expected false').first().waitFor();
    await picture(page, 'run-causes-alert');
    await led.getByRole('link', { name: 'healthcheck.system_degraded' }).click();
    const candidate = page.getByRole('listitem').filter({ hasText: 'Degraded system opens an incident' }).first();
    await candidate.getByText('Started a run').waitFor();
    expect(await candidate.locator('.deciding').allTextContents()).toEqual([
      'trigger.payload.systemId == "ledger"actual "ledger", expected "ledger"',
    ]);
    await picture(page, 'why-started');
    await page.getByRole('region', { name: 'What led to it' }).getByRole('link', { name: 'alert.fired' }).click();
    await page
      .getByRole('region', { name: 'What it led to' })
      .getByRole('link', { name: 'healthcheck.system_degraded' })
      .waitFor();
    await picture(page, 'why-alert');
    expect(problems).toEqual([]);
  }, 120_000);

  it('shows what held when a dwell was armed, and leads from the impact on another system back to the alert', async () => {
    for (const id of ['vault', 'portal'])
      await engine.call({ url: origin() }, 'POST', '/systems', { id, name: `The ${id}` });
    const edge = { sourceSystemId: 'portal', targetSystemId: 'vault', impactType: 'critical' };
    await engine.call({ url: origin() }, 'POST', '/dependencies', edge);
    const [holds, warns] = [await engine.save(HOLDS), await engine.save(WARNS)];
    await engine.call({ url: origin() }, 'POST', '/ingest/alertmanager', {
      ...{ version: '4', status: 'firing' },
      alerts: [
        {
          ...{ status: 'firing', fingerprint: 'vaultdown', startsAt: new Date().toISOString(), annotations: {} },
          labels: { alertname: 'VaultDown', severity: 'critical', system: 'vault' },
        },
      ],
    });
    const [held] = await engine.ended(1, holds);
    await engine.ended(1, warns);
    const armed = 'trigger.payload.severity == "critical"actual "critical", expected "critical"';
    const fired = 'trigger.dwell.seconds >= 1actual 1, expected >= 1';
    const { page, problems } = await open(`/runs/${String(held?.id)}`);
    const led = page.getByRole('region', { name: 'What led to it' });
    await led.getByRole('heading', { name: 'Started by' }).waitFor();
    await led.getByText(/^When the dwell was armed/).waitFor();
    await led.getByText(/^When it fired/).waitFor();
    const parts = (await led.locator('.deciding').allTextContents()).slice(-2);
    expect(parts).toEqual([armed, fired]);
    await picture(page, 'run-started-by-dwell');
    expect(await seriousFindings(page)).toEqual([]);
    await led.getByRole('link', { name: 'alert.fired' }).click();
    const candidate = page.getByRole('listitem').filter({ hasText: 'Vault stays down' });
    await candidate.getByText('Started a run').waitFor();
    await candidate.getByText(/^held from/).waitFor();
    expect((await candidate.locator('.deciding').allTextContents()).slice(-2)).toEqual([armed, fired]);
    expect(await candidate.getByText('must keep holding').count()).toBe(0);
    await picture(page, 'why-dwell');
    const further = page.getByRole('region', { name: 'What it led to' });
    await further.getByRole('link', { name: 'Warn about impact' }).click();
    await led.getByRole('link', { name: 'dependency.impact_propagated' }).waitFor();
    expect(await led.getByRole('listitem').first().textContent()).toMatch(
      /^alert\.fired alert VaultDown .*→healthcheck\.system_degraded health The vault→dependency\.impact_propagated vault→this run$/,
    );
    await picture(page, 'run-causes-impact');
    await led.getByRole('link', { name: 'dependency.impact_propagated' }).click();
    await page.getByRole('heading', { name: 'dependency.impact_propagated', level: 1 }).waitFor();
    await led.getByRole('link', { name: 'healthcheck.system_degraded' }).waitFor();
    await led.getByRole('link', { name: 'alert.fired' }).waitFor();
    expect(problems).toEqual([]);
  }, 120_000);

  it('shows in a dry run which label a matcher refused, with the same text as in Why, and lists past alerts by name', async () => {
    const id = await engine.save(MATCHES);
    await engine.call({ url: origin() }, 'POST', '/ingest/alertmanager', {
      ...{ version: '4', status: 'firing' },
      alerts: [
        {
          ...{ status: 'firing', fingerprint: 'matchme', startsAt: new Date().toISOString(), annotations: {} },
          labels: { alertname: 'MatchMe', instance: 'web-1', env: 'dev' },
        },
      ],
    });
    await until('the alert was routed', async () => (await engine.outcomes(id)).length > 0);
    const { page } = await open('/why?entity=matchme');
    const name = 'MatchMe {instance="web-1", env="dev"}';
    await page.getByText(name).first().waitFor();
    await page.getByRole('link', { name: 'alert.fired' }).click();
    const candidate = page.getByRole('listitem').filter({ hasText: 'Page for production' });
    const text = 'labels.envactual "dev", expected "prod"';
    await candidate.getByText('The configuration of the trigger did not match').waitFor();
    expect(await candidate.locator('.deciding').textContent()).toBe(text);
    await candidate.getByRole('link', { name: 'Page for production' }).click();
    await page.getByRole('tab', { name: 'Did not start' }).click();
    await page.getByRole('cell', { name }).waitFor();
    await page.getByRole('link', { name: 'Edit' }).click();
    await page.getByLabel('Payload').selectOption('event');
    const chooser = page.getByLabel('Event', { exact: true });
    const option = chooser.getByRole('option').filter({ hasText: name });
    await chooser.selectOption((await option.getAttribute('value')) ?? '');
    await page.getByRole('button', { name: 'Try it out' }).click();
    const outcome = page.getByRole('status', { name: 'Outcome of the dry run' });
    await outcome.locator('.deciding').waitFor();
    expect(await outcome.locator('.deciding').textContent()).toBe(text);
    await picture(page, 'dry-run-matcher');
  }, 120_000);

  it('shows the remaining time of a delay, and cancels the run', async () => {
    const id = await engine.save(SLEEPS);
    const { runId } = await engine.call({ url: origin() }, 'POST', `/automations/${id}/runs`, {});
    const { page } = await open(`/runs/${String(runId)}`);
    await page.getByText(/in (39|40) min/).waitFor();
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.getByRole('button', { name: 'Cancel the run' }).click();
    await page.locator('.page-sub [data-status="cancelled"]').waitFor();
  }, 120_000);

  it('links an alert that did not page to the reason, and shows in a dry run that a changed definition would page', async () => {
    const id = await engine.save(PAGES);
    await engine.call({ url: origin() }, 'POST', '/ingest/alertmanager', {
      ...{ version: '4', status: 'firing' },
      alerts: [
        {
          ...{ status: 'firing', fingerprint: 'diskfull', startsAt: new Date().toISOString() },
          labels: { alertname: 'DiskFull', severity: 'warning', system: 'checkout' },
          annotations: {},
        },
      ],
    });
    await until('the alert was routed', async () => (await engine.outcomes(id)).length > 0);
    const { page } = await open('/now');
    await page.getByRole('link', { name: 'DiskFull' }).click();
    await page.getByText('This alert has not caused any runs.').waitFor();
    await page.getByRole('link', { name: 'Why did it start a run, or not?' }).click();
    await page.getByRole('link', { name: 'alert.fired' }).click();
    const candidate = page.getByRole('listitem').filter({ hasText: 'Page for critical alerts' });
    await candidate.getByText('The filter was false').waitFor();
    expect(await candidate.locator('.deciding').textContent()).toMatch(/severity.*warning.*critical/);
    await candidate.getByRole('link', { name: 'Page for critical alerts' }).click();
    await page.getByRole('link', { name: 'Edit' }).click();
    await writeDefinition(page, PAGES.replace('== "critical"', 'in ["critical", "warning"]'));
    await page.getByLabel('Payload').selectOption('event');
    await page.getByLabel('Event', { exact: true }).selectOption({ index: 1 });
    await page.getByRole('button', { name: 'Try it out' }).click();
    await page.getByText('It would run and end with status success').waitFor();
    await page.getByRole('button', { name: 'Save as new version' }).click();
    await page.getByText('version 2', { exact: true }).waitFor();
    await page.goto(`${origin()}/console/why?kind=alert&entity=diskfull`);
    await page.getByRole('link', { name: 'alert.fired' }).click();
    await candidate.getByRole('button', { name: 'What would it do today?' }).click();
    await candidate.getByText('It would run').waitFor();
  }, 180_000);

  it('reconnects after a restart of the API, and shows a run that started in the meantime', async () => {
    const id = await engine.save(FIRST.replaceAll('deploy', 'restarted').replace('Greet', 'Survives'));
    const { page } = await open(`/runs?automationId=${id}`);
    await page.getByText('Live').waitFor();
    await api.stop('SIGKILL');
    await page.getByText('Reconnecting').waitFor();
    await engine.emit('restarted', {}, { subject: 'while the API was unreachable' });
    await engine.ended(1, id);
    api = await start();
    await page.getByText('Live').waitFor();
    await page.getByRole('link', { name: /Survives/ }).waitFor();
  }, 180_000);
});
