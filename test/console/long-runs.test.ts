import { BASE } from '../integration/api-harness';
import { until } from '../support/until';
import { describeConsole, startConsole, type ConsoleHarness } from './console-harness';

const PASSES = 100;
const FAILED = `actions[0].repeat[${PASSES - 1}].sequence[0]`;

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
  async function addRun(status: 'failed' | 'success'): Promise<string> {
    const automation = await screens.automation({ name: `Checks hosts, ${status}` });
    const { body } = await screens.api.call('POST', `${BASE}/automations/${automation}/runs`, { body: {} });
    await screens.api.rows(`update runs set status = $2, started_at = now(), finished_at = now() where id = $1`, [
      body['runId'],
      status,
    ]);
    await screens.api.rows(
      `insert into run_steps (run_id, path, kind, action, action_id, status, attempts, started_at, finished_at)
       select $1::uuid, 'actions[0].repeat[' || n || '].sequence[0]', 'action', 'automation.log',
         'checks_whether_this_host_answers_within_a_second', case when n = ${PASSES - 1} then $2 else 'success' end, 1, now(), now()
       from generate_series(0, ${PASSES - 1}) as n`,
      [body['runId'], status],
    );
    return String(body['runId']);
  }

  it('is scrolled to the failed step, which is selected and has a visible pass number', async () => {
    const id = await addRun('failed');
    for (const viewport of [
      { width: 1280, height: 800 },
      { width: 390, height: 844 },
    ]) {
      const { page } = await screens.open(`/runs/${id}`, { viewport });
      const failed = page.locator('.step-row[aria-pressed=true]');
      await failed.waitFor();
      expect(await failed.locator('.step-name').getAttribute('title')).toBe(FAILED);
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
      await until('the list shows the step that failed', async () => {
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

  it('is scrolled to the first step if all steps succeeded', async () => {
    const { page } = await screens.open(`/runs/${await addRun('success')}`);
    await page.locator('.step-row[data-index="0"]').waitFor();
    await page.getByText(FAILED).waitFor();
    expect(
      await page.locator('.steps').evaluate((element) => (element as unknown as { scrollTop: number }).scrollTop),
    ).toBe(0);
  });
});
