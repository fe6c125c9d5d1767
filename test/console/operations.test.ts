import { BASE } from '../integration/api-harness';
import { until } from '../support/until';
import { describeConsole, seriousFindings, startConsole, type ConsoleHarness } from './console-harness';

const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();

describeConsole('operations in the console', () => {
  let screens: ConsoleHarness;
  beforeAll(async () => {
    screens = await startConsole();
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

  it('shows since when an alert is resolved, not when it fired', async () => {
    const startsAt = inHours(-3);
    const labels = { alertname: 'QueueFull', severity: 'warning', system: 'checkout' };
    const alerts = [{ ...{ status: 'firing', fingerprint: 'queuefull', startsAt }, labels }];
    await screens.post('/ingest/alertmanager', { version: '4', status: 'firing', alerts });
    await screens.post('/alerts/queuefull/resolve', {});
    const { page } = await screens.open('/alerts?status=resolved');
    const row = page.getByRole('row', { name: /QueueFull/ });
    await row.getByText(/just now|\d+ s ago/).waitFor();
    expect(await row.getByText('3 h ago').count()).toBe(0);
    await row.getByRole('link', { name: 'QueueFull' }).click();
    await page
      .locator('.page-sub')
      .getByText(/^fired 3 h ago$/)
      .waitFor();
    await page
      .locator('.page-sub')
      .getByText(/^resolved (just now|\d+ s ago)$/)
      .waitFor();
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

  it('offers no change of an incident to its old status after the status has changed, and keeps an unsent update', async () => {
    const incident = { title: 'Orders fail', severity: 'major', systemIds: ['checkout'], message: 'Orders fail' };
    const id = String((await screens.post('/incidents', incident))['id']);
    const { page, problems } = await screens.open(`/incidents/${id}`);
    const status = page.getByLabel('Status');
    const change = page.getByRole('button', { name: 'Change status' });
    const shown = (value: string) => page.locator(`.page-sub [data-status="${value}"]`).waitFor();
    await page.getByLabel('New update').fill('The cause is');
    await status.selectOption('fixing');
    expect(await change.isEnabled()).toBe(true);
    await page.getByRole('button', { name: 'Resolve' }).click();
    await shown('resolved');
    expect(await status.inputValue()).toBe('resolved');
    expect(await change.isDisabled()).toBe(true);
    await screens.post(`/incidents/${id}/updates`, { message: 'Again', statusChange: 'identified' });
    await shown('identified');
    expect(await status.inputValue()).toBe('identified');
    expect(await change.isDisabled()).toBe(true);
    expect(await page.getByLabel('New update').inputValue()).toBe('The cause is');
    await status.selectOption('monitoring');
    await change.click();
    await shown('monitoring');
    expect(problems).toEqual([]);
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
    const chosen = dialog.getByRole('list', { name: 'Chosen' });
    await chosen.getByRole('button', { name: 'Remove Search engine' }).waitFor();
    await chosen.getByText('Search engine').and(chosen.getByTitle('Search engine (search)')).waitFor();
    await systems.fill('accounts');
    await dialog.getByRole('option', { name: 'Ledger of accounts ledger' }).click();
    // A system that is entered by its id is also shown by its name.
    await systems.fill('checkout,');
    await chosen.getByTitle('Checkout (checkout)').waitFor();
    await chosen.getByRole('button', { name: 'Remove Checkout' }).click();
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

  it('creates an objective and shows its remaining error budget', async () => {
    const { page } = await screens.open('/slos');
    await page.getByRole('button', { name: 'New objective' }).click();
    await page.getByLabel('Name').fill('Availability');
    await page.getByLabel('System').fill('checkout');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('row', { name: /Availability.*99.9 % in 30 days/ }).waitFor();
  });

  it('shows the system that was chosen for an objective by its name, and sends its id', async () => {
    await screens.post('/systems', { id: 'sys-41', name: 'Card payments' });
    const { page, problems } = await screens.open('/slos');
    await page.getByRole('button', { name: 'New objective' }).click();
    await page.getByLabel('Name').fill('Payments are accepted');
    const system = page.getByRole('combobox', { name: 'System' });
    await system.fill('card');
    await page.getByRole('option', { name: 'Card payments sys-41' }).click();
    expect(await system.inputValue()).toBe('Card payments');
    expect(await system.getAttribute('title')).toBe('sys-41');
    await page.getByRole('button', { name: 'Create' }).click();
    const row = page.getByRole('row', { name: /Payments are accepted/ });
    await row.getByRole('link', { name: 'Card payments' }).waitFor();
    expect(problems).toEqual([]);
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
    expect(await checkout.getAttribute('title')).toBe('Checkout (checkout)');
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

  it('shows the most severe alerts and systems first, silenced alerts last, and how many it leaves out', async () => {
    const alert = (name: string, severity: string, minutes: number, system: string) => ({
      ...{ status: 'firing', fingerprint: name.toLowerCase(), startsAt: inHours(-minutes / 60) },
      labels: { alertname: name, severity, system },
    });
    const newest = Array.from({ length: 12 }, (_, count) =>
      alert(`Notice${count}`, 'warning', count, `notice-${count}`),
    );
    const alerts = [...newest, alert('RackDown', 'critical', 600, 'rack'), alert('OldDrill', 'critical', 601, 'drill')];
    await screens.post('/ingest/alertmanager', { version: '4', status: 'firing', alerts });
    await screens.post('/alert-silences', { fingerprint: 'olddrill', durationMinutes: 60, comment: 'A drill' });
    const { page, problems } = await screens.open('/now');
    const firing = page.getByRole('region', { name: 'Firing alerts' });
    const lines = firing.getByRole('listitem');
    await lines.filter({ hasText: 'RackDown' }).waitFor();
    expect(await lines.count()).toBe(8);
    expect(await lines.first().textContent()).toContain('critical');
    expect(await lines.filter({ hasText: 'OldDrill' }).count()).toBe(0);
    await firing.getByText(/^8 of \d\d, show all$/).waitFor();
    const total = Number(/of (\d+)/.exec((await firing.getByText(/^8 of/).textContent()) ?? '')?.[1]);
    const { body } = await screens.api.call('GET', `${BASE}/alerts?status=firing&limit=200`);
    expect(total).toBe((body.items as unknown[]).length);
    const unhealthy = page.getByRole('region', { name: 'Unhealthy systems' });
    await unhealthy.getByText(/^8 of \d\d, show all$/).waitFor();
    const statuses = await unhealthy.locator('[data-status]').allTextContents();
    expect(statuses).toEqual([...statuses].sort().reverse());
    expect(statuses).toContain('unhealthy');
    expect(statuses).toContain('degraded');
    await firing.getByRole('link', { name: 'show all' }).click();
    await page.waitForURL(/\/alerts\?status=firing$/);
    await page.goto(`${screens.api.url}/console/systems/drill`);
    await page
      .getByRole('listitem')
      .filter({ hasText: 'OldDrill' })
      .getByText(/silenced, ends in/)
      .waitFor();
    for (const { fingerprint } of newest) await screens.post(`/alerts/${fingerprint}/resolve`, {});
    await page.goto(`${screens.api.url}/console/now`);
    await lines
      .last()
      .filter({ hasText: 'OldDrill' })
      .getByText(/silenced, ends in/)
      .waitFor();
    for (const id of ['rackdown', 'olddrill']) await screens.post(`/alerts/${id}/resolve`, {});
    expect(problems).toEqual([]);
  });

  it('says on the first screen when a run that has not started was created', async () => {
    const id = await screens.automation({ name: 'Has a pending run' });
    await screens.post(`/automations/${id}/runs`, {});
    const { page } = await screens.open('/now');
    const line = page.getByRole('listitem').filter({ hasText: 'Has a pending run' });
    await line.getByText(/created (just now|\d+ s ago)/).waitFor();
  });

  it('shows the labels that tell two alerts with the same name apart', async () => {
    const replica = (instance: string) => ({
      ...{ status: 'firing', fingerprint: `replica-${instance}`, startsAt: new Date().toISOString() },
      labels: { alertname: 'ReplicaLags', severity: 'warning', system: 'replicas', instance },
    });
    await screens.post('/ingest/alertmanager', {
      ...{ version: '4', status: 'firing' },
      alerts: [replica('db-1'), replica('db-2')],
    });
    const { page, problems } = await screens.open('/now');
    const list = page.getByRole('region', { name: 'Firing alerts' }).getByRole('listitem');
    const labels = '{instance="db-2"}';
    const line = list.filter({ hasText: 'ReplicaLags' }).filter({ hasText: labels });
    await line.getByRole('link', { name: 'ReplicaLags' }).waitFor();
    expect(await line.count()).toBe(1);
    expect(await line.getByText(labels).getAttribute('title')).toContain('system="replicas"');
    await page.goto(`${screens.api.url}/console/alerts`);
    await page.getByRole('row', { name: `ReplicaLags ${labels}` }).waitFor();
    await page.goto(`${screens.api.url}/console/systems/replicas`);
    await page.getByRole('listitem').filter({ hasText: 'ReplicaLags' }).filter({ hasText: labels }).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    expect(problems).toEqual([]);
  });

  it('shows long names and marks of maintenances without cutting them off', async () => {
    const name = 'A'.repeat(80);
    const labels = { alertname: name, severity: 'critical', system: 'wide' };
    const alerts = [{ ...{ status: 'firing', fingerprint: 'wide', startsAt: inHours(0) }, labels }];
    await screens.post('/ingest/alertmanager', { version: '4', status: 'firing', alerts });
    const plan = { title: 'Widen', systemIds: ['wide'], startAt: inHours(0), endAt: inHours(2) };
    await screens.post('/maintenances', plan);
    await screens.api.rows(`update maintenances set status = 'in_progress' where title = 'Widen'`);
    const { page } = await screens.open('/systems?q=wide', { viewport: { width: 1400, height: 900 } });
    const cut = (selector: string) =>
      page.locator(selector).evaluateAll((all) =>
        all.some((each) => {
          const { scrollWidth, clientWidth } = each as unknown as { scrollWidth: number; clientWidth: number };
          return scrollWidth > clientWidth;
        }),
      );
    await page.getByText('in maintenance').waitFor();
    expect(await cut('.systems-table td:has(.tag)')).toBe(false);
    await page.getByRole('button', { name: 'Map' }).click();
    await page.locator('.react-flow .tag').waitFor();
    expect(await cut('.graph-head:has(.tag)')).toBe(false);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${screens.api.url}/console/why?entity=wide&kind=alert`);
    await page.getByRole('link', { name: 'alert.fired' }).first().click();
    await page.locator('.page-sub').getByRole('link', { name }).waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
  });

  it('leads from a system to all its alerts and incidents, with a filter that can be removed', async () => {
    const { page } = await screens.open('/systems/checkout');
    await page.getByRole('link', { name: 'All alerts' }).click();
    await page.getByRole('link', { name: 'DiskFull' }).waitFor();
    await page.getByRole('button', { name: 'system checkout' }).click();
    await page.waitForURL(/\/alerts$/);
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
});
