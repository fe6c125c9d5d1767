import type { Page } from 'playwright-core';
import { describeConsole, seriousFindings, startConsole, type ConsoleHarness } from './console-harness';
import { settled } from './screens/test-screens';

interface DOMRectLike {
  left: number;
  right: number;
}

/** Script that evaluates to the label or text of the focused element. */
const FOCUSED = `(() => {
  const focused = document.activeElement;
  const name = focused.labels?.[0]?.textContent ?? focused.getAttribute('aria-label') ?? focused.textContent;
  return name.trim();
})()`;

/** Delays requests to matching addresses until the returned function is called. */
async function hold(page: Page, pattern: string): Promise<() => void> {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route(pattern, async (route) => {
    await released;
    // The page may already have been closed.
    await route.fallback().catch(() => undefined);
  });
  return release;
}

describeConsole('navigation in the console', () => {
  let screens: ConsoleHarness;
  beforeAll(async () => {
    screens = await startConsole();
  });
  afterAll(() => screens.end());

  it('links a plugin to its actions, which are shown with an example', async () => {
    const { page, problems } = await screens.open('/connections?tab=plugins');
    const row = page.getByRole('row').filter({ hasText: 'integration-jira' });
    await row.getByText('built in').waitFor();
    await row.getByRole('link', { name: /actions of integration-jira/ }).click();
    await page.getByRole('button', { name: 'integration-jira.create_issue' }).click();
    await page.getByRole('heading', { name: 'Example', exact: true }).waitFor();
    await page.getByText('"projectKey"').last().waitFor();
    expect(problems).toEqual([]);
  });

  it.each([
    ['Run', '/runs/01a22b17-0000-7000-8000-000000000000'],
    ['Automation', '/automations/01a22b17-0000-7000-8000-000000000000'],
    ['Editor', '/automations/01a22b17-0000-7000-8000-000000000000/edit'],
    ['Alert', '/alerts/unknown'],
    ['Change', '/why/01a22b17-0000-7000-8000-000000000000'],
    ['Incident', '/incidents/unknown'],
    ['Maintenance', '/maintenances/unknown'],
    ['Objective', '/slos/unknown'],
    ['System', '/systems/unknown'],
    ['Entity', '/entities/health/unknown'],
  ])('shows the title “%s” and the error at an address whose object does not exist', async (title, path) => {
    const { page, problems } = await screens.open(path);
    await page.getByRole('alert').getByText('not found').waitFor();
    await page.getByRole('heading', { name: title, level: 1, exact: true }).waitFor();
    expect(await page.title()).toBe(`${title} · Fermata`);
    expect(await seriousFindings(page)).toEqual([]);
    expect(problems).toEqual([]);
  });

  it('works with the keyboard only', async () => {
    const { page } = await screens.open('/now');
    await settled(page);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to content');
    for (let tabs = 0; tabs < 20; tabs += 1) {
      await page.keyboard.press('Tab');
      if ((await page.evaluate('document.activeElement.textContent.trim()')) === 'Incidents') break;
    }
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Incidents' }).waitFor();
  });

  it('moves the focus to the first field of a dialog, and afterwards back to the button that opened it', async () => {
    const id = await screens.automation({ name: 'Has dialogs' });
    const { page } = await screens.open(`/automations/${id}`);
    const run = page.getByRole('button', { name: 'Run now' });
    for (const close of ['Escape', 'Cancel', 'Close']) {
      await run.press('Enter');
      const dialog = page.getByRole('dialog', { name: 'Run “Has dialogs”' });
      await dialog.waitFor();
      expect(await page.evaluate(FOCUSED)).toBe('As if started by');
      if (close === 'Escape') await page.keyboard.press(close);
      else await dialog.getByRole('button', { name: close }).press('Enter');
      await dialog.waitFor({ state: 'detached' });
      expect(await page.evaluate(FOCUSED)).toBe('Run now');
    }
  });

  it('does not focus the button of a dialog that deletes something', async () => {
    const id = await screens.automation({ name: 'Is kept' });
    const { page } = await screens.open(`/automations/${id}`);
    await page.getByRole('button', { name: 'Delete' }).press('Enter');
    await page.getByRole('dialog').waitFor();
    expect(await page.evaluate(FOCUSED)).toBe('Cancel');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate(FOCUSED)).toBe('Delete');
  });

  it('moves the focus to the button that copies a new token', async () => {
    const { page } = await screens.open('/system');
    await page.getByRole('button', { name: 'New token' }).press('Enter');
    await page.getByRole('dialog').waitFor();
    expect(await page.evaluate(FOCUSED)).toBe('Name');
    await page.keyboard.type('for the keyboard');
    await page.keyboard.press('Enter');
    await page.getByText('It will not be shown again.').waitFor();
    expect(await page.evaluate(FOCUSED)).toMatch(/^Copy fm/);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate(FOCUSED)).toBe('New token');
  });

  it('keeps the address of the new screen if the old screen is still visible and used', async () => {
    const { page } = await screens.open('/runs');
    await settled(page);
    const failed = page.getByRole('group', { name: 'Status' }).getByRole('button', { name: /^failed/ });
    await failed.click();
    await page.waitForURL(/\/console\/runs\?status=failed$/);
    const release = await hold(page, '**/assets/**');
    await page.getByRole('link', { name: 'Alerts' }).click();
    await page.waitForURL(/\/console\/alerts$/);
    const waiting = page.getByRole('group', { name: 'Status' }).getByRole('button', { name: /^waiting/ });
    await waiting.click();
    await page.getByLabel('Search runs').fill('text');
    await page.getByLabel('Search runs').press('Enter');
    release();
    await page.getByRole('heading', { name: 'Alerts', level: 1 }).waitFor();
    expect(new URL(page.url()).search).toBe('');
    await page.goBack();
    await page.waitForURL(/\/console\/runs\?status=failed$/);
  });

  it('stays on the chosen screen when a request of the previous screen ends late', async () => {
    const { page } = await screens.open('/now');
    await settled(page);
    await page.getByRole('link', { name: 'Incidents' }).click();
    await page.getByRole('button', { name: 'Open an incident' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Title').fill('Answered late');
    await dialog.getByLabel('Systems').fill('checkout');
    const release = await hold(page, '**/api/v1/incidents');
    const [request] = await Promise.all([
      page.waitForRequest((each) => each.method() === 'POST'),
      dialog.getByRole('button', { name: 'Open', exact: true }).click(),
    ]);
    await page.goBack();
    await page.waitForURL(/\/console\/now$/);
    release();
    await (await request.response())?.finished();
    await settled(page);
    expect(page.url()).toMatch(/\/console\/now$/);
  });

  it('shows the link and the tab of the current screen at a width of 390 px, and switches tabs with the arrow keys', async () => {
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
});
