import type { Page } from 'playwright-core';
import {
  describeConsole,
  seriousFindings,
  startConsole,
  writeDefinition,
  type ConsoleHarness,
} from './console-harness';
import { settled } from './screens/test-screens';

const PHONE = { viewport: { width: 390, height: 844 } };
const WORD = 'NodeMemoryErrorsCorrectedRateAboveThresholdForMoreThanFifteenMinutesInAvailabilityZoneA';
const LONG_STEP = 'wait_until_all_pods_of_the_node_have_moved_to_other_nodes';

interface Sized {
  scrollWidth: number;
  clientWidth: number;
}

/** Returns whether the text of the first element that matches is cut off. */
const isCutOff = (page: Page, selector: string) =>
  page
    .locator(selector)
    .first()
    .evaluate((element) => (element as unknown as Sized).scrollWidth > (element as unknown as Sized).clientWidth);

describeConsole('states of the console', () => {
  let screens: ConsoleHarness;
  beforeAll(async () => {
    screens = await startConsole();
  });
  afterAll(() => screens.end());

  it('explain what an empty list would contain, and what to do', async () => {
    const { page } = await screens.open('/now');
    await page.getByRole('region', { name: 'First steps' }).waitFor();
    for (const [path, text] of [
      ['/automations', 'No automations yet. An automation runs steps when an event occurs. Create one'],
      ['/runs', 'No runs yet. A run appears here when an event starts an automation'],
      ['/alerts', `No alerts yet. Let Alertmanager send them to ${screens.api.url}/api/v1/ingest/alertmanager`],
      ['/incidents', 'No incidents yet. Open one here'],
    ] as const) {
      await page.goto(`${screens.api.url}/console${path}`);
      await page.locator('.empty').getByText(text).waitFor();
      expect(await seriousFindings(page)).toEqual([]);
    }
  });

  it.each([
    ['/runs?status=failed&q=nothing', 'run'],
    ['/automations?status=disabled&q=nothing', 'automation'],
    ['/alerts?tab=alerts&status=firing', 'alert'],
    ['/why?event=alert.fired&since=2026-01-01T00:00:00Z', 'event or change'],
  ])('offer to remove the filters if nothing matches them (%s)', async (path, what) => {
    const { page } = await screens.open(path);
    await page.getByText(`No ${what} matches these filters.`).waitFor();
    await page.getByRole('button', { name: 'Clear all filters' }).click();
    await page.waitForURL((url) => [...url.searchParams.keys()].every((name) => name === 'tab'));
    await page.getByText('these filters').waitFor({ state: 'detached' });
    for (const field of await page.locator('.filters input[type=search]').all())
      expect(await field.inputValue()).toBe('');
  });

  it('link to the list if the object does not exist', async () => {
    const { page } = await screens.open('/runs/01a22b17-0000-7000-8000-000000000000');
    await page.getByText('It may have been deleted').waitFor();
    await page.getByRole('link', { name: 'All runs' }).click();
    await page.waitForURL((url) => url.pathname === '/console/runs');
  });

  it('show once why a save was refused', async () => {
    const id = await screens.automation({ name: 'Restarts workers' });
    const { page } = await screens.open('/now');
    await page.route('**/api/v1/automations/validate*', (route) => route.abort());
    await page.goto(`${screens.api.url}/console/automations/${id}/edit`);
    // Only the service finds what is missing here, so the button is enabled.
    const action = 'action: integration-webhook.send, config: { url: "https://example.org", authType: bearer }';
    await writeDefinition(
      page,
      `name: Restarts workers\ntriggers: [{ event: incident.created }]\nactions:\n  - { ${action} }\n`,
    );
    await page.getByRole('button', { name: 'Save as new version' }).click();
    const problem = page.getByRole('alert');
    await problem.getByText('Not saved.').waitFor();
    const text = (await problem.textContent()) ?? '';
    expect(text.match(/is required by authType bearer/g)).toHaveLength(1);
  });

  it('show long names in full at a width of 390 px', async () => {
    await screens.post('/ingest/alertmanager', {
      ...{ version: '4', status: 'firing' },
      alerts: [
        { status: 'firing', fingerprint: 'long', labels: { alertname: WORD }, startsAt: new Date().toISOString() },
      ],
    });
    const { page } = await screens.open('/alerts/long', PHONE);
    await page.getByRole('heading', { level: 1, name: WORD }).waitFor();
    expect(await isCutOff(page, 'h1')).toBe(false);
    await page.goto(`${screens.api.url}/console/alerts`);
    await page.getByRole('link', { name: WORD }).waitFor();
    expect(await isCutOff(page, 'td:has(> a)')).toBe(false);
    await page.goto(`${screens.api.url}/console/now`);
    await settled(page);
    await page.getByRole('link', { name: WORD }).waitFor();
    expect(await isCutOff(page, '.line > a')).toBe(false);
  });

  it('show the status of a step with a long name, and cut off its kind before its name', async () => {
    const id = await screens.automation({ name: 'Drains a node' });
    const { body } = await screens.api.call('POST', `/api/v1/automations/${id}/runs`, { body: {} });
    for (const [index, name] of [LONG_STEP, 'record_answers_of_hosts'].entries())
      await screens.api.rows(
        `insert into run_steps (run_id, path, kind, action, action_id, status, attempts, started_at, finished_at)
         values ($1, $2, 'action', 'automation.emit_event', $3, 'success', 1, now(), now())`,
        [body['runId'], `actions[${index}]`, name],
      );
    const { page } = await screens.open(`/runs/${String(body['runId'])}?step=actions[0]`);
    const panel = page.getByRole('region', { name: LONG_STEP });
    const [outer, status] = await Promise.all([
      panel.boundingBox(),
      panel.locator('.panel-head .status').boundingBox(),
    ]);
    expect((status?.x ?? 0) + (status?.width ?? 0)).toBeLessThanOrEqual((outer?.x ?? 0) + (outer?.width ?? 0));
    expect(await isCutOff(page, '.step-row[data-index="0"] .step-label')).toBe(true);
    const shown = page.locator('.step-row[data-index="1"]');
    const widths = await shown.locator('.step-label').evaluate((element) => {
      const { width } = (element as unknown as { getBoundingClientRect(): { width: number } }).getBoundingClientRect();
      const style = (element as unknown as { style: Record<string, string> }).style;
      style['flexShrink'] = '0';
      return [
        width,
        (element as unknown as { getBoundingClientRect(): { width: number } }).getBoundingClientRect().width,
      ];
    });
    expect(widths[0]).toBe(widths[1]);
  });
});
