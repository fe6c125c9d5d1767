import type { Page } from 'playwright-core';
import { BASE } from '../integration/api-harness';
import { until } from '../support/until';
import { describeConsole, startConsole, type ConsoleHarness } from './console-harness';

describeConsole('names of systems in the console', () => {
  let screens: ConsoleHarness;
  beforeAll(async () => {
    screens = await startConsole();
  });
  afterAll(() => screens.end());

  /**
   * Records the ids of each request for names of systems. Call it before the page opens a screen that shows systems:
   * an earlier page may still send requests while the browser waits for the next page.
   */
  const namesRequested = (page: Page) => {
    const requests: string[][] = [];
    page.on('request', (request) => {
      const url = new URL(request.url());
      const ids = url.pathname === `${BASE}/systems` ? url.searchParams.get('systemIds') : null;
      if (ids !== null) requests.push(ids.split(','));
    });
    return requests;
  };
  const isDown = (...systemIds: string[]) =>
    screens.post('/incidents', { title: `Down: ${systemIds.join()}`, severity: 'critical', systemIds, message: 'a' });

  it('shows systems by name wherever a screen refers to them', async () => {
    await screens.post('/systems', { id: 'named-1', name: 'Checkout service' });
    await screens.post('/systems', { id: 'named-2', name: 'Payment service' });
    for (const id of ['named-1', 'named-2']) await isDown(id);
    await screens.post('/dependencies', {
      sourceSystemId: 'named-1',
      targetSystemId: 'named-2',
      impactType: 'critical',
    });
    const automation = await screens.automation({ name: 'About a system' });
    await screens.post(`/automations/${automation}/runs`, { contextKey: 'named-1' });
    const { page, problems } = await screens.open('/incidents');
    await page.getByRole('link', { name: 'Payment service' }).waitFor();
    await page.getByTitle('Checkout service (named-1)').waitFor();
    await page.goto(`${screens.api.url}/console/runs?automationId=${automation}`);
    await page.getByTitle('Checkout service (named-1)').waitFor();
    await page.goto(`${screens.api.url}/console/systems/named-1`);
    await page.getByText('depends on').getByRole('link', { name: 'Payment service' }).waitFor();
    expect(problems).toEqual([]);
  });

  it('requests the names of the systems in all rows together, and no name twice when rows are added', async () => {
    for (const n of [3, 4, 5, 6]) await screens.post('/systems', { id: `named-${n}`, name: `Service ${n}` });
    for (const n of [3, 4, 5]) await isDown(`named-${n}`);
    // This screen shows no systems.
    const { page, problems } = await screens.open('/system');
    const requests = namesRequested(page);
    let answer: () => void = () => undefined;
    const allowed = new Promise<void>((resolve) => (answer = resolve));
    await page.route('**/api/v1/systems?systemIds=*', async (route) => {
      await allowed;
      await route.fallback();
    });
    await page.goto(`${screens.api.url}/console/incidents`);
    await page.getByRole('link', { name: 'Down: named-5' }).waitFor();
    await until('names are requested', () => Promise.resolve(requests.length > 0), 10_000);
    expect(requests[0]).toEqual(expect.arrayContaining(['named-3', 'named-4', 'named-5']));
    // This row is added while the name of its first system is being read.
    await isDown('named-3', 'named-6');
    await page.getByRole('link', { name: 'Down: named-3,named-6' }).waitFor();
    await until('the new name is requested', () => Promise.resolve(requests.flat().includes('named-6')), 10_000);
    answer();
    await page.getByRole('link', { name: 'Service 6' }).waitFor();
    // This row is added when the names of its systems are known.
    await isDown('named-4', 'named-6');
    const known = page.getByRole('row', { name: 'Down: named-4,named-6' });
    await known.getByRole('link', { name: 'Service 6' }).waitFor();
    const ids = requests.flat();
    expect(ids).toEqual([...new Set(ids)]);
    expect(problems).toEqual([]);
  });
});
