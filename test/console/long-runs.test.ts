import { BASE } from '../integration/api-harness';
import { until } from '../support/until';
import { describeConsole, startConsole, type ConsoleHarness } from './console-harness';

const lastOf = (passes: number) => `actions[0].repeat[${passes - 1}].sequence[0]`;

interface Box {
  top: number;
  bottom: number;
}

describeConsole('a run of many steps in the console', () => {
  let screens: ConsoleHarness;
  beforeAll(async () => {
    screens = await startConsole();
  });
  afterAll(() => screens.end());

  /** Adds a run of a loop whose steps have long names. Its last step failed, unless the status is `success`. */
  async function addRun(status: 'failed' | 'success', passes: number): Promise<string> {
    const automation = await screens.automation({ name: `Checks hosts, ${status}` });
    const { body } = await screens.api.call('POST', `${BASE}/automations/${automation}/runs`, { body: {} });
    await screens.api.rows(`update runs set status = $2, started_at = now(), finished_at = now() where id = $1`, [
      body['runId'],
      status,
    ]);
    await screens.api.rows(
      `insert into run_steps (run_id, path, kind, action, action_id, status, attempts, started_at, finished_at)
       select $1::uuid, 'actions[0].repeat[' || n || '].sequence[0]', 'action', 'automation.log',
         'checks_whether_this_host_answers_within_a_second', case when n = ${passes - 1} then $2 else 'success' end, 1, now(), now()
       from generate_series(0, ${passes - 1}) as n`,
      [body['runId'], status],
    );
    return String(body['runId']);
  }

  it.each([
    ['failed', 100],
    ['success', 200],
    // The API returns the steps of this run in several pages.
    ['success', 700],
  ] as const)('is scrolled to its last step, which is selected (%s, %i steps)', async (status, passes) => {
    const id = await addRun(status, passes);
    for (const viewport of [
      { width: 1280, height: 800 },
      { width: 390, height: 844 },
    ]) {
      const { page } = await screens.open(`/runs/${id}`, { viewport });
      const selected = page.locator('.step-row[aria-pressed=true]');
      await selected.waitFor();
      expect(await selected.locator('.step-name').getAttribute('title')).toBe(lastOf(passes));
      const box = (selector: string) =>
        page
          .locator(selector)
          .first()
          .evaluate((element) => {
            const { left, right, top, bottom } = (
              element as unknown as { getBoundingClientRect(): Box & { left: number; right: number } }
            ).getBoundingClientRect();
            return { left, right, top, bottom };
          });
      await until('the list shows the selected step', async () => {
        const [list, row] = [await box('.steps'), await box('.step-row[aria-pressed=true]')];
        return row.top >= list.top - 1 && row.bottom <= list.bottom + 1;
      });
      const [name, pass] = [
        await box('.step-row[aria-pressed=true] .step-name'),
        await box('.step-row[aria-pressed=true] .step-pass'),
      ];
      expect(pass.right - pass.left).toBeGreaterThan(10);
      expect(pass.right).toBeLessThanOrEqual(name.right + 1);
    }
  });

  it('stays where the user scrolls while its steps are loaded', async () => {
    const { page } = await screens.open('/now');
    let load = () => {};
    const loaded = new Promise<void>((resolve) => (load = resolve));
    await page.route('**/steps?*', async (route) => {
      await loaded;
      await route.fallback();
    });
    await page.goto(`${screens.api.url}/console/runs/${await addRun('success', 700)}`);
    await page.locator('.step-row[data-index="0"]').waitFor();
    const list = page.locator('.steps');
    const top = () => list.evaluate((element) => (element as unknown as { scrollTop: number }).scrollTop);
    await list.evaluate((element) => ((element as unknown as { scrollTop: number }).scrollTop = 300));
    load();
    await page.getByText('Steps (700)').waitFor();
    await page.getByText(lastOf(700)).first().waitFor();
    expect(await top()).toBe(300);
  });
});
