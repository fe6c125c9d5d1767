import type { Page } from 'playwright-core';
import { until } from '../support/until';
import { describeConsole, startConsole, type ConsoleHarness } from './console-harness';
import { settled } from './screens/test-screens';

/** Delay in milliseconds between the last keystroke and the search. */
const PAUSE_MS = 250;

/** Waits until a parameter of the address has the value `text`. Null waits until the parameter is absent. */
const waitForParameter = (page: Page, name: string, text: string | null) =>
  page.waitForURL((url) => url.searchParams.get(name) === text);

describeConsole('the search fields of the console', () => {
  let screens: ConsoleHarness;
  beforeAll(async () => {
    screens = await startConsole();
    for (const name of ['Alpha one', 'Alpha two', 'Beta']) await screens.automation({ name });
  });
  afterAll(() => screens.end());

  const shown = (page: Page) =>
    page.locator('.automations tbody tr td:nth-child(3) a').allTextContents() as Promise<string[]>;

  it('search while the user types, keep the focus and every character, and add no history entries', async () => {
    const { page, problems } = await screens.open('/automations');
    await page.getByText('Beta').waitFor();
    const box = page.getByLabel('Search automations');
    await box.click();
    const entries = await page.evaluate('history.length');
    await page.keyboard.type('alpha', { delay: 20 });
    await waitForParameter(page, 'q', 'alpha');
    await page.getByText('Beta').waitFor({ state: 'detached' });
    // Each pause is long enough for a search to begin, and its response arrives while the user is still typing.
    await page.keyboard.type(' two', { delay: PAUSE_MS + 30 });
    await waitForParameter(page, 'q', 'alpha two');
    await page.getByText('Alpha one').waitFor({ state: 'detached' });
    expect(await shown(page)).toEqual(['Alpha two']);
    expect(await box.inputValue()).toBe('alpha two');
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Search automations');
    expect(await page.evaluate('history.length')).toBe(entries);
    expect(problems).toEqual([]);
  });

  it('show the result of the newest text, even if the response for an older text arrives later', async () => {
    const { page } = await screens.open('/automations');
    await page.getByText('Beta').waitFor();
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const isOlder = (url: URL) => url.pathname.endsWith('/automations') && url.searchParams.get('q') === 'alpha';
    await page.route(isOlder, async (route) => {
      await released;
      await route.fallback().catch(() => undefined);
    });
    await page.getByLabel('Search automations').click();
    const [older] = await Promise.all([
      page.waitForRequest((request) => isOlder(new URL(request.url()))),
      page.keyboard.type('alpha'),
    ]);
    await page.keyboard.type(' two');
    await page.getByText('Alpha one').waitFor({ state: 'detached' });
    release();
    await (await older.response())?.finished();
    await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
    expect(await shown(page)).toEqual(['Alpha two']);
  });

  it('search immediately on Enter and when they are emptied', async () => {
    const { page } = await screens.open('/automations');
    // Disable the search after a pause.
    await page.addInitScript(`
      const start = window.setTimeout;
      window.setTimeout = (callback, ms, ...more) => (ms === ${PAUSE_MS} ? 0 : start(callback, ms, ...more));`);
    await page.reload();
    await settled(page);
    await page.getByLabel('Search automations').fill(' two ');
    await page.keyboard.press('Enter');
    await waitForParameter(page, 'q', 'two');
    await until('only one automation is shown', async () => (await shown(page)).length === 1, 10_000);
    await page.getByLabel('Search automations').fill('');
    await waitForParameter(page, 'q', null);
    await page.getByText('Beta').waitFor();
  });

  it('show the text in the address after a navigation', async () => {
    const { page } = await screens.open('/automations?q=beta');
    await settled(page);
    const box = page.getByLabel('Search automations');
    expect(await box.inputValue()).toBe('beta');
    await box.fill('bet');
    await waitForParameter(page, 'q', 'bet');
    await page.getByRole('navigation').getByRole('link', { name: 'Automations' }).click();
    await waitForParameter(page, 'q', null);
    await until('the field is empty', async () => (await box.inputValue()) === '', 10_000);
    await page.goBack();
    await waitForParameter(page, 'q', 'bet');
    await until('the field has the text again', async () => (await box.inputValue()) === 'bet', 10_000);
  });

  it('keep their text when a filter is chosen before the search has begun', async () => {
    const { page } = await screens.open('/runs');
    await settled(page);
    await page.getByLabel('Search runs').click();
    await page.keyboard.type('alpha');
    await page
      .getByRole('group', { name: 'Status' })
      .getByRole('button', { name: /^failed/ })
      .click();
    await page.waitForURL(
      ({ searchParams: search }) => search.get('q') === 'alpha' && search.get('status') === 'failed',
    );
    expect(await page.getByLabel('Search runs').inputValue()).toBe('alpha');
  });

  it('do not search for a matcher before it is complete', async () => {
    const { page } = await screens.open('/alerts');
    await settled(page);
    const searched: (string | null)[] = [];
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (url.pathname.endsWith('/alerts')) searched.push(url.searchParams.get('matchers'));
    });
    await page.getByLabel('Matcher').click();
    await page.keyboard.type('severity="major');
    await page.waitForTimeout(2 * PAUSE_MS);
    await page.keyboard.type('"');
    await waitForParameter(page, 'matchers', 'severity="major"');
    await page.getByText('No alert matches these filters.').waitFor();
    expect(searched.filter((matchers) => matchers !== null)).toEqual(['severity="major"']);
  });
});
