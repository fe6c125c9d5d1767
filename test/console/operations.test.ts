import { loadConfig } from '../../src/config';
import { BASE } from '../integration/api-harness';
import { until } from '../support/until';
import { describeConsole, seriousFindings, startConsole, type ConsoleHarness } from './console-harness';

const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();

describeConsole('operations in the console', () => {
  let screens: ConsoleHarness;
  beforeAll(async () => {
    const database = 'postgres://fermata:db-password@db.test/fermata';
    screens = await startConsole({ inForce: loadConfig({ FERMATA_PORT: '9090', DATABASE_URL: database }).inForce });
    await screens.post('/systems', { id: 'checkout', name: 'Checkout' });
    for (const name of ['DiskFull', 'HighLatency', 'CertExpires'])
      await screens.post('/ingest/alertmanager', {
        version: '4',
        status: 'firing',
        alerts: [
          {
            ...{ status: 'firing', fingerprint: name.toLowerCase(), startsAt: new Date().toISOString() },
            labels: { alertname: name, severity: 'critical', system: 'checkout' },
            annotations: { summary: `${name} on db-1`, runbook_url: 'https://runbooks.test/disk' },
          },
        ],
      });
  });
  afterAll(() => screens.end());
  const alertOf = async (id: string) => (await screens.api.call('GET', `${BASE}/alerts/${id}`)).body;

  it('acknowledges an alert that is linked on the first screen', async () => {
    const { page, problems } = await screens.open('/now');
    await page.getByRole('link', { name: 'DiskFull' }).click();
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await page.getByText('acknowledged by').first().waitFor();
    expect(await page.getByRole('button', { name: 'Acknowledge' }).isDisabled()).toBe(true);
    // The page shows the acknowledgement before the response has arrived.
    await until(
      'the alert is acknowledged',
      async () => (await alertOf('diskfull'))['acknowledgedBy'] === 'admin',
      10_000,
    );
    expect(await page.getByRole('link', { name: 'https://runbooks.test/disk' }).first().getAttribute('rel')).toBe(
      'noreferrer',
    );
    expect(problems).toEqual([]);
  });

  it('silences an alert with a comment, and ends the silence', async () => {
    const { page } = await screens.open('/alerts/highlatency');
    await page.getByRole('button', { name: 'Silence' }).click();
    await page.getByLabel('For').selectOption('30');
    await page.getByLabel('Comment').fill('Known, being fixed');
    await page.getByRole('dialog').getByRole('button', { name: 'Silence' }).click();
    await page.getByText(/silenced, ends/).waitFor();
    await until(
      'the alert is silenced',
      async () => typeof (await alertOf('highlatency'))['silencedUntil'] === 'string',
      10_000,
    );
    await page.goto(`${screens.api.url}/console/alerts?tab=silences`);
    await page.getByText('Known, being fixed').waitFor();
    const silenced = page.getByRole('link', { name: 'HighLatency {system="checkout", severity="critical"}' });
    expect(await silenced.getAttribute('title')).toBe('highlatency');
    await page.getByRole('button', { name: 'Copy highlatency' }).waitFor();
    await silenced.click();
    await page.getByRole('heading', { name: 'HighLatency' }).waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'End', exact: true }).click();
    await page.getByText('Nothing is silenced.').waitFor();
  });

  it('resolves an alert manually, and lists it among the resolved alerts', async () => {
    const { page } = await screens.open('/alerts/certexpires');
    await page.getByRole('button', { name: 'Resolve' }).click();
    await page.getByRole('cell', { name: 'person' }).waitFor();
    await page.goto(`${screens.api.url}/console/alerts?status=resolved`);
    await page.getByRole('link', { name: 'CertExpires' }).waitFor();
    expect(await page.getByRole('link', { name: 'DiskFull' }).count()).toBe(0);
  });

  it('searches alerts with a matcher, and reports an invalid matcher', async () => {
    const { page } = await screens.open('/alerts');
    await page.getByLabel('Matcher').fill('alertname=~"Disk.*"');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'HighLatency' }).waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'DiskFull' }).waitFor();
    await page.getByLabel('Matcher').fill('alertname=~"Disk(');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').first().waitFor();
  });

  it('opens an incident, adds an update and resolves it', async () => {
    const { page } = await screens.open('/incidents');
    await page.getByRole('button', { name: 'Open an incident' }).click();
    await page.getByLabel('Title').fill('Checkout is slow');
    await page.getByLabel('Systems').fill('checkout');
    await page.getByRole('button', { name: 'Open', exact: true }).click();
    await page.getByRole('heading', { name: 'Checkout is slow' }).waitFor();
    await page.getByLabel('New update').fill('The database is **saturated** <b>now</b>');
    await page.getByRole('button', { name: 'Add update' }).click();
    await page.getByText('The database is **saturated** <b>now</b>').waitFor();
    await page.getByRole('button', { name: 'Resolve' }).click();
    await page.locator('.page-sub [data-status="resolved"]').waitFor();
  });

  it('chooses several systems from a list with the keyboard', async () => {
    await screens.post('/systems', { id: 'search', name: 'Search engine' });
    await screens.post('/systems', { id: 'ledger', name: 'Ledger of accounts' });
    const { page, problems } = await screens.open('/maintenances');
    await page.getByRole('button', { name: 'Plan a maintenance' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Title').fill('Replace the disks');
    const systems = dialog.getByRole('combobox', { name: 'Systems' });
    await systems.fill('engi');
    await dialog.getByRole('option', { name: 'Search engine search' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await dialog.getByRole('button', { name: 'Remove search' }).waitFor();
    await systems.fill('accounts');
    await dialog.getByRole('option', { name: 'Ledger of accounts ledger' }).click();
    expect(await seriousFindings(page)).toEqual([]);
    // Escape closes the list, but not the dialog.
    await systems.fill('check');
    await dialog.getByRole('option', { name: /checkout/ }).waitFor();
    await page.keyboard.press('Escape');
    await systems.fill('');
    await dialog.getByLabel('Start').fill('2031-01-01T10:00');
    await dialog.getByLabel('End').fill('2031-01-01T11:00');
    await dialog.getByRole('button', { name: 'Plan', exact: true }).click();
    await page.getByRole('link', { name: 'Replace the disks' }).waitFor();
    const { body } = await screens.api.call('GET', `${BASE}/maintenances`);
    const planned = (body.items as { title: string; systemIds: string[] }[]).find(
      ({ title }) => title === 'Replace the disks',
    );
    expect(planned?.systemIds).toEqual(['search', 'ledger']);
    expect(problems).toEqual([]);
  });

  it('plans a maintenance, shows it in the calendar and cancels it', async () => {
    await screens.post('/maintenances', {
      title: 'Move the rack',
      systemIds: ['checkout'],
      startAt: inHours(30),
      endAt: inHours(31),
    });
    const { page } = await screens.open('/maintenances');
    await page
      .getByRole('list', { name: 'Next two weeks' })
      .getByRole('link', { name: 'Move the rack' })
      .first()
      .click();
    // The list also has a button "cancelled", and remains visible until the next screen has loaded.
    await page.getByRole('heading', { name: 'Move the rack' }).waitFor();
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.locator('.page-sub [data-status="cancelled"]').waitFor();
  });

  it('has each day once in the calendar, also when the clocks change', async () => {
    const { page } = await screens.open('/maintenances', { timezoneId: 'Europe/Berlin', locale: 'en-GB' });
    await page.clock.setFixedTime('2026-10-24T15:00:00Z');
    await page.reload();
    const calendar = page.getByRole('list', { name: 'Next two weeks' });
    await calendar.getByText('24 Oct').waitFor();
    const shown = (await calendar.locator('.cell-sub').allTextContents()).map((text) => /\d+ \w+/.exec(text)?.[0]);
    expect(shown.slice(0, 4)).toEqual(['24 Oct', '25 Oct', '26 Oct', '27 Oct']);
  });

  it('creates an objective and shows its remaining error budget', async () => {
    const { page } = await screens.open('/slos');
    await page.getByRole('button', { name: 'New objective' }).click();
    await page.getByLabel('Name').fill('Availability');
    await page.getByLabel('System').fill('checkout');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('row', { name: /Availability.*99.9 % in 30 days/ }).waitFor();
  });

  it('shows which systems depend on a system, and its firing alerts', async () => {
    await screens.post('/systems', { id: 'shop', name: 'Shop' });
    await screens.post('/dependencies', { sourceSystemId: 'shop', targetSystemId: 'checkout', impactType: 'critical' });
    const { page } = await screens.open('/systems?q=check');
    await page.getByRole('link', { name: 'Checkout' }).click();
    await page.getByText('depends on it').waitFor();
    await page.getByRole('link', { name: 'DiskFull' }).waitFor();
    await page.getByRole('link', { name: 'shop' }).click();
    await page.getByRole('heading', { name: 'Shop' }).waitFor();
  });

  it('lists the systems that are not healthy by name on the first screen, however many systems there are', async () => {
    const { page, problems } = await screens.open('/now');
    const ill = page.getByRole('region', { name: 'Unhealthy systems' });
    const checkout = ill.getByRole('link', { name: 'Checkout', exact: true });
    await checkout.waitFor();
    expect(await checkout.getAttribute('title')).toBe('checkout');
    expect(await ill.locator('[data-status="unhealthy"]').count()).toBe(1);
    await ill.getByRole('link', { name: 'All' }).click();
    await page.waitForURL(/\/systems\?health=unhealthy(,|%2C)degraded$/);
    await page.getByRole('link', { name: 'Checkout', exact: true }).waitFor();
    expect(await page.getByRole('link', { name: 'Shop', exact: true }).count()).toBe(0);
    for (const status of ['unhealthy', 'degraded'])
      await page.getByRole('group', { name: 'Health' }).getByRole('button', { name: status, exact: true }).click();
    await page.getByRole('group', { name: 'Health' }).getByRole('button', { name: 'healthy', exact: true }).click();
    await page.getByRole('link', { name: 'Checkout', exact: true }).waitFor({ state: 'detached' });
    expect(await seriousFindings(page)).toEqual([]);
    expect(problems).toEqual([]);
  });

  it('leads from a system to all its alerts and incidents, with a filter that can be removed', async () => {
    const { page } = await screens.open('/systems/checkout');
    await page.getByRole('link', { name: 'All alerts' }).click();
    await page.getByRole('link', { name: 'DiskFull' }).waitFor();
    await page.getByRole('button', { name: 'system checkout' }).click();
    await page.waitForURL(/\/alerts$/);
  });

  it('deletes a secret only after a confirmation', async () => {
    await screens.api.call('PUT', `${BASE}/secrets/OLD_TOKEN`, { body: { value: 'long-enough-value' } });
    const { page } = await screens.open('/connections?tab=secrets');
    const row = page.getByRole('row', { name: /OLD_TOKEN/ });
    await row.getByRole('button', { name: 'Delete' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete the secret OLD_TOKEN?' });
    await dialog.getByText('Its value cannot be restored.').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await row.getByRole('button', { name: 'Delete' }).click();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await row.waitFor({ state: 'detached' });
  });

  it('saves a secret that no page shows again, and warns about a short one', async () => {
    const { page } = await screens.open('/connections?tab=secrets');
    await page.getByRole('button', { name: 'New secret' }).click();
    await page.getByLabel('Name').fill('PAGER_TOKEN');
    await page.getByLabel('Value').fill('short');
    await page.getByText(/cannot be masked/).waitFor();
    await page.getByLabel('Value').fill('a-value-that-is-long-enough');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('${{ secrets.PAGER_TOKEN }}').waitFor();
    expect(await page.content()).not.toContain('a-value-that-is-long-enough');
  });

  it('tests a connection before saving it, and never shows its secret', async () => {
    const { page } = await screens.open('/connections');
    await page.getByRole('button', { name: 'New connection' }).click();
    await page.getByLabel('Name').fill('Our Jira');
    await page.getByLabel('Type', { exact: true }).selectOption('jira');
    await page.getByLabel('baseUrl').fill('https://127.0.0.1:1');
    await page.getByLabel('email').fill('ops@example.test');
    await page.getByLabel('apiToken').fill('a-token-that-nobody-sees');
    await page.getByRole('button', { name: 'Test before saving' }).click();
    await page.getByRole('dialog').locator('[data-status="failed"]').waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('cell', { name: 'Our Jira', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByText('A value is set. Leave empty to keep it.').waitFor();
    expect(await page.getByLabel('apiToken').inputValue()).toBe('');
    expect(await page.content()).not.toContain('a-token-that-nobody-sees');
  });

  it('shows which automations use a connection, hook, package or secret, or run scripts', async () => {
    const created = await screens.post('/connections', {
      ...{ name: 'Used Jira', type: 'jira' },
      config: { baseUrl: 'https://jira.example.test', email: 'ops@example.test', apiToken: 'a-long-enough-token' },
    });
    await screens.post('/hooks', { name: 'used-hook', scheme: 'github', secrets: ['0123456789abcdef0123'] });
    await screens.api.call('PUT', `${BASE}/secrets/USED_TOKEN`, { body: { value: 'long-enough-value' } });
    await screens.automation({
      name: 'Opens tickets',
      actions: [
        {
          action: 'integration-jira.create_issue',
          config: { connectionId: 'Used Jira', projectKey: 'A', issueTypeId: '1', summary: 'a' },
        },
      ],
    });
    await screens.automation({
      name: 'Uses the hook',
      triggers: [{ event: 'automation.webhook', config: { hook: 'used-hook' } }],
      actions: [
        {
          action: 'integration-script.run_script',
          config: {
            script: 'export default () => 1',
            packages: ['left@1.0.0'],
            secretEnv: { A: '${{ secrets.USED_TOKEN }}' },
          },
        },
      ],
    });
    const { page } = await screens.open('/connections');
    await page.getByRole('link', { name: 'Automations that use Used Jira' }).click();
    await page.waitForURL(new RegExp(`uses=connection`));
    await page.getByRole('link', { name: 'Opens tickets' }).waitFor();
    await page.getByRole('link', { name: 'Uses the hook' }).waitFor({ state: 'detached' });
    const found = async (uses: string) => {
      const { body } = await screens.api.call('GET', `${BASE}/automations?uses=${encodeURIComponent(uses)}`);
      return (body.items as { name: string }[]).map(({ name }) => name);
    };
    expect(await found(`connection:${String(created['id'])}`)).toEqual(['Opens tickets']);
    expect(await found('hook:used-hook')).toEqual(['Uses the hook']);
    expect(await found('package:left@1.0.0')).toEqual(['Uses the hook']);
    expect(await found('package:right@1.0.0')).toEqual([]);
    expect(await found('script:*')).toEqual(['Uses the hook']);
    await page.goto(`${screens.api.url}/console/connections?tab=secrets`);
    await page
      .getByRole('row', { name: /USED_TOKEN/ })
      .getByRole('link', { name: 'Uses the hook' })
      .waitFor();
  });

  it('retries a dead letter', async () => {
    const { body } = await screens.api.call('POST', `${BASE}/events`, {
      body: { specversion: '1.0', id: 'dead', source: '/test', type: 'broken' },
    });
    const [changeId] = body['changeIds'] as string[];
    await screens.api.rows(
      `update changes set routed_at = now(), failed_at = now(), attempts = 5, error = '{"message": "It broke"}' where change_id = $1`,
      [changeId],
    );
    const { page } = await screens.open('/');
    await page.getByRole('region', { name: 'Dead letters' }).getByRole('link', { name: 'broken' }).click();
    await page.getByRole('heading', { name: 'broken', level: 1 }).waitFor();
    await page.getByText('not routed: It broke').waitFor();
    await page.goto(`${screens.api.url}/console/system?tab=dead`);
    await page
      .getByRole('row', { name: /It broke/ })
      .getByRole('cell', { name: 'broken', exact: true })
      .waitFor();
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.getByText('All changes were routed.').waitFor();
  });

  it('creates a token that is shown once, and revokes it', async () => {
    const { page } = await screens.open('/system');
    await page.getByRole('button', { name: 'New token' }).click();
    await page.getByLabel('Name').fill('for the pipeline');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByText('It will not be shown again.').waitFor();
    const label =
      (await page.getByRole('dialog').getByRole('button', { name: /^Copy/ }).getAttribute('aria-label')) ?? '';
    expect(label).toMatch(/^Copy fm/);
    await page.getByRole('button', { name: 'Close' }).click();
    const row = page.getByRole('row', { name: /for the pipeline/ });
    await row.getByRole('button', { name: 'Revoke' }).click();
    const dialog = page.getByRole('dialog', { name: 'Revoke the token “for the pipeline”?' });
    await dialog.getByRole('button', { name: 'Back' }).click();
    await dialog.waitFor({ state: 'detached' });
    await row.getByRole('button', { name: 'Revoke' }).click();
    expect(await seriousFindings(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Revoke' }).click();
    await row.waitFor({ state: 'detached' });
  });

  it('filters the audit log by outcome, and keeps the filter in the address', async () => {
    const { page } = await screens.open('/system?tab=audit');
    await page.getByRole('row').nth(1).waitFor();
    await page.getByRole('button', { name: 'success' }).click();
    await page.waitForURL(/outcome=success/);
  });

  it('shows the current settings without secrets, to administrators only', async () => {
    const { page } = await screens.open('/system?tab=settings');
    await page.getByRole('row', { name: /FERMATA_PORT 9090 environment/ }).waitFor();
    await page.getByRole('row', { name: /FERMATA_HOST 127\.0\.0\.1 default/ }).waitFor();
    await page.getByRole('row', { name: /DATABASE_URL .*db\.test/ }).waitFor();
    expect(await page.content()).not.toContain('db-password');
    const token = await screens.api.token('operator');
    expect((await screens.api.call('GET', `${BASE}/settings`, { token })).status).toBe(403);
  });

  it('browses triggers with their schema and an example', async () => {
    const { page } = await screens.open('/system?tab=triggers');
    await page.getByLabel('Search triggers').fill('incident.created');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'incident.created' }).waitFor();
    await page.getByRole('heading', { name: 'Example', exact: true }).waitFor();
    await page.getByRole('heading', { name: 'Example of a payload' }).waitFor();
  });

  it('returns to sign-in when the session ends, and afterwards to the same screen', async () => {
    const { page } = await screens.open('/systems/checkout');
    await page.getByRole('heading', { name: 'Checkout' }).waitFor();
    await screens.api.rows('update sessions set revoked_at = now()');
    screens.api.api.forgetTokens();
    // The page may already show the sign-in. In both cases, the address contains the screen to return to.
    await page.reload();
    await page.getByLabel('Token').fill(await screens.api.token('viewer'));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Checkout' }).waitFor();
  });

  it('cancels all open runs that match a filter, after a preview', async () => {
    const id = await screens.automation({
      name: 'Waits for long',
      actions: [{ delay: { hours: 5 } }],
      mode: 'parallel',
    });
    for (let run = 0; run < 3; run += 1) await screens.post(`/automations/${id}/runs`, {});
    const { page, problems } = await screens.open(`/runs?automationId=${id}`);
    await page.getByRole('button', { name: 'Cancel all open…' }).click();
    await page.getByText('3 runs match.').waitFor();
    await page.getByRole('button', { name: 'Cancel 3 runs' }).click();
    await page.getByText('3 of 3 were cancelled.').waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await page
      .getByRole('row', { name: /cancelled/ })
      .nth(2)
      .waitFor();
    await page.goto(`${screens.api.url}/console/runs`);
    expect(await page.getByRole('button', { name: 'Cancel all open…' }).isDisabled()).toBe(true);
    expect(problems).toEqual([]);
  });

  it('saves filters as a view, which is shown as a link after a reload and can be removed', async () => {
    const { page } = await screens.open('/runs?status=failed');
    await page.getByRole('button', { name: 'Save this view' }).click();
    await page.getByLabel('Name of the view').fill('What failed');
    await page.keyboard.press('Enter');
    await page.goto(`${screens.api.url}/console/runs`);
    await page.getByRole('link', { name: 'What failed' }).click();
    await page.waitForURL(/status=failed/);
    await page.getByRole('button', { name: 'Remove the view What failed' }).click();
    await page.getByRole('link', { name: 'What failed' }).waitFor({ state: 'detached' });
  });

  it('creates a hook with a custom signature, and one for SNS topics', async () => {
    const { page } = await screens.open('/connections?tab=hooks');
    await page.getByRole('button', { name: 'New hook' }).click();
    await page.getByLabel('Name').fill('own-signature');
    await page.getByLabel('How the sender signs requests').selectOption('hmac');
    await page.getByLabel('Secret').fill('0123456789abcdef0123');
    await page.getByLabel('Header', { exact: true }).fill('x-own-signature');
    await page.getByLabel('Digest').selectOption('sha512');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('cell', { name: 'own-signature', exact: true }).waitFor();
    await page.getByRole('button', { name: 'New hook' }).click();
    await page.getByLabel('Name').fill('topics');
    await page.getByLabel('How the sender signs requests').selectOption('sns');
    await page.getByLabel('Topics').fill('arn:aws:sns:eu-central-1:123456789012:alarms');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('cell', { name: 'topics', exact: true }).waitFor();
    const { body } = await screens.api.call('GET', `${BASE}/hooks`);
    expect(body.items).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ scheme: 'hmac', header: 'x-own-signature', digest: 'sha512' }),
        expect.objectContaining({
          scheme: 'sns',
          topics: ['arn:aws:sns:eu-central-1:123456789012:alarms'],
        }),
      ]),
    );
  });
});
