import type { BrowserContextOptions } from 'playwright-core';
import { describeConsole, picture, seriousFindings, startConsole, type ConsoleHarness } from './console-harness';

/** Returns a script that evaluates to the bounding boxes of an axis's labels, in document order. */
const boxesOf = (axis: string) => `[...document.querySelectorAll('.chart-frame ${axis} text')].map((text) => {
  const { left, right, top, bottom } = text.getBoundingClientRect();
  return { text: text.textContent, left, right, top, bottom };
})`;

interface LabelBox {
  text: string;
  left: number;
  right: number;
}

describeConsole('objectives in the console', () => {
  let screens: ConsoleHarness;
  let id: string;
  beforeAll(async () => {
    screens = await startConsole();
    await screens.post('/systems', { id: 'checkout', name: 'Checkout' });
    // 99 % of 30 days allow 7.2 hours. Outages of 1.8 hours and of 3.6 hours leave 25 %.
    const outages = [
      ['20 days', '1 hour 48 minutes'],
      ['6 days', '3 hours 36 minutes'],
    ];
    for (const [ago, long] of outages)
      await screens.api.rows(
        `insert into entity_transitions (kind, entity_id, field, from_value, to_value, at, change_id) values
           ('health', 'checkout', 'status', '"healthy"', '"unhealthy"', now() - $1::interval, gen_random_uuid()),
           ('health', 'checkout', 'status', '"unhealthy"', '"healthy"', now() - $1::interval + $2::interval, gen_random_uuid())`,
        [ago, long],
      );
    const objective = { systemId: 'checkout', name: 'Checkout is up', target: 99, windowDays: 30 };
    id = String((await screens.post('/slos', objective))['id']);
  });
  afterAll(() => screens.end());

  it('have a page with their definition, budget, state and history, which is linked in the list', async () => {
    const { page, problems } = await screens.open('/slos');
    const budget = page
      .getByRole('row', { name: /Checkout is up/ })
      .getByRole('cell')
      .nth(3);
    await budget.getByText('1 h 48 min of 7 h 12 min').waitFor();
    expect(await budget.textContent()).toContain('25.0 % fine');
    expect(await page.locator('.burn-down').count()).toBe(0);
    await page.getByRole('link', { name: 'Checkout is up' }).click();
    await page.waitForURL(new RegExp(`/slos/${id}$`));
    await page.getByRole('heading', { name: 'Checkout is up', level: 1 }).waitFor();
    const panel = (name: string) => page.getByRole('region', { name });
    const definition = panel('Definition');
    await definition.getByText('not unhealthy for 99 % of the time').waitFor();
    await definition.getByText('7 h 12 min unhealthy in 30 days').waitFor();
    await definition.getByRole('link', { name: 'checkout' }).waitFor();
    await panel('State').getByText('25.0 %, 1 h 48 min of 7 h 12 min').waitFor();
    await panel('State').getByText('5 days, best 5 days').waitFor();
    expect(await panel('Health of the system').getByRole('cell', { name: 'unhealthy' }).count()).toBe(4);
    await panel('Transitions').first().getByRole('cell', { name: 'budgetRemainingPercent' }).first().waitFor();
    await page.getByRole('img', { name: /Error budget of Checkout is up since .*: 25.0 % left/ }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Checkout is up', level: 1 }).waitFor();
    expect(problems).toEqual([]);
  });

  it.each<[string, string, RegExp, BrowserContextOptions]>([
    ['1280', 'Asia/Tokyo', /GMT\+9|JST/, { viewport: { width: 1280, height: 900 } }],
    ['dark', 'America/Bogota', /GMT-5/, { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' }],
    ['390', 'Asia/Dubai', /GMT\+4|GST/, { viewport: { width: 390, height: 844 } }],
  ])(
    'have a burn-down with readable axes in the time zone of the browser (%s, %s)',
    async (name, zone, short, options) => {
      const { page } = await screens.open(`/slos/${id}`, { ...options, timezoneId: zone, locale: 'en-GB' });
      await page.locator('.chart-frame polyline').waitFor();
      await page.getByText(`Times are in ${zone}.`).waitFor();
      const percents: LabelBox[] = await page.evaluate(boxesOf('.axis-y'));
      expect(percents.map(({ text }) => text)).toEqual(['0 %', '25 %', '50 %', '75 %', '100 %']);
      const times: LabelBox[] = await page.evaluate(boxesOf('.axis-x'));
      expect(times.length).toBeGreaterThanOrEqual(3);
      for (const [index, { text, left, right }] of times.entries()) {
        expect(text).toMatch(/^\d+ \w+$/);
        expect(left).toBeGreaterThan(times[index - 1]?.right ?? 0);
        expect(right).toBeLessThanOrEqual(options.viewport?.width ?? 0);
      }
      const titles = await page.locator('.chart-frame .hit title').allTextContents();
      expect(titles).toHaveLength(61);
      expect(titles.at(-1)).toMatch(/: 25\.0 % left$/);
      expect(titles.at(-1)).toMatch(short);
      expect(await page.evaluate('getComputedStyle(document.querySelector(".chart-frame text")).fontSize')).toBe(
        '12px',
      );
      expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
      expect(await seriousFindings(page)).toEqual([]);
      await picture(page, `slo-${name}`);
    },
  );

  it('show on their page the budget at the end of the burn-down, and in the list when the stored budget was computed', async () => {
    await screens.post('/systems', { id: 'search', name: 'Search' });
    const objective = { systemId: 'search', name: 'Search is up', target: 99, windowDays: 30 };
    const down = String((await screens.post('/slos', objective))['id']);
    // Unhealthy for half of the budget of 7.2 hours. The stored budget was computed before.
    await screens.api.rows(
      `insert into entity_transitions (kind, entity_id, field, from_value, to_value, at, change_id) values
         ('health', 'search', 'status', '"healthy"', '"unhealthy"', now() - interval '3 hours 36 minutes', gen_random_uuid())`,
    );
    await screens.api.rows(`update slos set computed_at = now() - interval '12 minutes' where id = $1`, [down]);
    const { page, problems } = await screens.open('/slos');
    const row = page.getByRole('row', { name: /Search is up/ });
    await row.getByText(/7 h 12 min of 7 h 12 min, as of 12 min ago/).waitFor();
    await row.getByRole('link', { name: 'Search is up' }).click();
    const left = /(50\.0|49\.\d) %/;
    await page
      .getByRole('img', { name: new RegExp(`Error budget of Search is up since .*: ${left.source} left`) })
      .waitFor();
    await page.locator('.page-sub').getByText(left).waitFor();
    await page
      .getByRole('region', { name: 'State' })
      .getByText(/(50\.0|49\.\d) %, 3 h 3\d min of 7 h 12 min/)
      .waitFor();
    expect(problems).toEqual([]);
  });

  it('have a chart that fits a window after it was resized', async () => {
    const { page } = await screens.open(`/slos/${id}`, { viewport: { width: 1280, height: 900 } });
    await page.locator('.chart-frame polyline').waitFor();
    await page.setViewportSize({ width: 390, height: 844 });
    await page.waitForFunction(
      'document.querySelector(".chart-frame svg").getBoundingClientRect().right <= window.innerWidth',
    );
  });
});
