import { BASE } from '../integration/api-harness';
import { describeConsole, picture, seriousFindings, startConsole, type ConsoleHarness } from './console-harness';

const SCRIPT = 'export default ({ trigger }) => ({ region: process.env.REGION, event: trigger.event });\n';

/**
 * Script that evaluates to the class names of the elements that clip the focus ring of the focused element. The ring
 * extends beyond the element by the offset and width of its outline.
 */
const CLIPPING = `(() => {
  const focused = document.activeElement;
  const { outlineStyle, outlineWidth, outlineOffset } = getComputedStyle(focused);
  if (outlineStyle === 'none') return ['no focus ring'];
  const outset = parseFloat(outlineWidth) + parseFloat(outlineOffset);
  const { left, right, top, bottom } = focused.getBoundingClientRect();
  const found = [];
  for (let box = focused.parentElement; box !== document.body; box = box.parentElement) {
    if (getComputedStyle(box).overflow === 'visible') continue;
    const edge = box.getBoundingClientRect();
    const x = edge.left + box.clientLeft;
    const y = edge.top + box.clientTop;
    if (left - outset < x - 0.5 || right + outset > x + box.clientWidth + 0.5) found.push(box.className);
    else if (top - outset < y - 0.5 || bottom + outset > y + box.clientHeight + 0.5) found.push(box.className);
  }
  return found;
})()`;

describeConsole('the page of a run in the console', () => {
  let screens: ConsoleHarness;
  beforeAll(async () => {
    screens = await startConsole();
  });
  afterAll(() => screens.end());

  const statusOf = async (id: string) => {
    const { body } = await screens.api.call('GET', `${BASE}/runs/${id}`);
    return (body['run'] as { status: string }).status;
  };
  const start = async (automation: string, body: unknown = {}) =>
    String((await screens.post(`/automations/${automation}/runs`, body))['runId']);

  it('cancels the run only after a confirmation that names it', async () => {
    const id = await start(await screens.automation({ name: 'Drain the queue' }), { contextKey: 'queue-7' });
    const { page, problems } = await screens.open(`/runs/${id}`);
    await page.getByText('started manually').waitFor();
    const cancel = page.getByRole('button', { name: 'Cancel', exact: true });
    const dialog = page.getByRole('dialog', { name: 'Cancel this run of “Drain the queue”?' });
    await cancel.click();
    await dialog.getByText('queue-7').waitFor();
    await picture(page, 'run-cancel');
    expect(await seriousFindings(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Back' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await statusOf(id)).toBe('pending');
    await cancel.click();
    await dialog.getByRole('button', { name: 'Cancel the run' }).click();
    await page.locator('.page-sub [data-status="cancelled"]').waitFor();
    expect(await cancel.count()).toBe(0);
    expect(await statusOf(id)).toBe('cancelled');
    expect(problems).toEqual([]);
  });

  it('is linked from the first screen, which says that the run was started manually', async () => {
    const id = await start(await screens.automation({ name: 'Started by a person' }));
    await screens.api.rows(
      `update runs set started_at = now() - interval '3 hours', status = 'running' where id = $1`,
      [id],
    );
    const { page } = await screens.open('/now');
    const runs = page.getByRole('region', { name: 'Open runs and runs of the last hour' });
    const line = runs.getByRole('listitem').filter({ hasText: 'Started by a person' });
    await line.getByText('manually', { exact: true }).waitFor();
    // Open runs are counted even if they started earlier.
    await runs.getByRole('link', { name: /^running [1-9]/ }).waitFor();
    await line.getByRole('link', { name: 'Started by a person' }).click();
    await page.getByText('started manually').waitFor();
  });

  it('shows the alert for which a step waits by its name, and copies its fingerprint', async () => {
    await screens.post('/ingest/alertmanager', {
      ...{ version: '4', status: 'firing' },
      alerts: [
        {
          ...{ status: 'firing', fingerprint: 'awaited1', startsAt: new Date().toISOString(), annotations: {} },
          labels: { alertname: 'DiskFull', instance: 'db-1' },
        },
      ],
    });
    const automation = await screens.automation({ name: 'Waits for the end' });
    const id = await start(automation, { contextKey: 'awaited1' });
    await screens.api.rows(`update runs set status = 'waiting', started_at = now() where id = $1`, [id]);
    for (const [path, kind, event, refs] of [
      ['actions[0]', 'wait_for_trigger', 'alert.resolved', '{}'],
      ['actions[1]', 'wait_until', null, '{alert:awaited1}'],
    ]) {
      await screens.api.rows(
        `insert into run_steps (run_id, path, kind, status, attempts, began_seq, started_at)
         values ($1, $2, $3, 'waiting', 1, 1, now())`,
        [id, path, kind],
      );
      await screens.api.rows(
        `insert into waits (id, run_id, path, kind, event, context_key, refs, scope, after_seq, since)
         values (gen_random_uuid(), $1, $2, $3, $4, $5, $6, '{"variables": {}, "repeat": null, "wait": null}', 0, now())`,
        [id, path, kind, event, event === null ? null : 'awaited1', refs],
      );
    }
    const name = 'DiskFull {instance="db-1"}';
    const { page, problems } = await screens.open(`/runs/${id}?step=actions[0]`, {
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const facts = page.locator('.facts').filter({ hasText: 'Waits for' });
    await facts.getByText('alert.resolved').waitFor();
    const copy = facts.getByRole('button', { name: `${name}: copy awaited1` });
    expect(await copy.getAttribute('title')).toBe('awaited1 (copy)');
    await copy.click();
    await page.waitForFunction("navigator.clipboard.readText().then((text) => text === 'awaited1')");
    await page.getByRole('button', { name: /wait until/ }).click();
    await facts.getByText('alert', { exact: true }).waitFor();
    await facts.getByRole('button', { name: `${name}: copy awaited1` }).waitFor();
    await page
      .locator('.page-sub')
      .getByRole('button', { name: `${name}: copy awaited1` })
      .waitFor();
    await picture(page, 'run-waits-for-alert');
    expect(await seriousFindings(page)).toEqual([]);
    await page.goto(`${screens.api.url}/console/automations/${automation}`);
    const armed = page.getByRole('region', { name: 'Armed now' });
    await armed.getByRole('button', { name: `${name}: copy awaited1` }).waitFor();
    expect(await armed.getByText('in a delay').count()).toBe(0);
    await page.goto(`${screens.api.url}/console/runs?automationId=${automation}&contextKey=awaited1`);
    await page.getByRole('button', { name: 'automation Waits for the end' }).waitFor();
    await page.getByRole('button', { name: `context ${name}` }).click();
    await page.waitForURL((url) => !url.search.includes('contextKey'));
    expect(problems).toEqual([]);
  });

  it('is listed by the page of its automation while it is in a delay, also in a delay beside other steps', async () => {
    const automation = await screens.automation({
      name: 'Pauses',
      mode: 'parallel',
      actions: [{ delay: { hours: 1 } }],
    });
    const { page, problems } = await screens.open(`/automations/${automation}`);
    const armed = page.getByRole('region', { name: 'Armed now' });
    await armed.getByText('Nothing is armed and no run is waiting.').waitFor();
    const delay = (id: string, path: string, status: string) =>
      screens.api.rows(
        `insert into run_steps (run_id, path, kind, status, attempts, result, started_at)
         values ($1, $2, 'delay', $3, 1, jsonb_build_object('until', $4::text), now())`,
        [id, path, status, new Date(Date.now() + 3_600_000).toISOString()],
      );
    const id = await start(automation);
    await screens.api.rows(`update runs set status = 'waiting', started_at = now() where id = $1`, [id]);
    await delay(id, 'actions[0]', 'waiting');
    // Another step of this run is in progress, and another delay has ended.
    const busy = await start(automation, { contextKey: 'busy' });
    await screens.api.rows(`update runs set status = 'running', started_at = now() where id = $1`, [busy]);
    await delay(busy, 'actions[0].parallel[0]', 'success');
    await delay(busy, 'actions[0].parallel[1]', 'waiting');
    await page.reload();
    const lines = armed.getByRole('listitem');
    const inBranch = lines.filter({ hasText: 'actions[0].parallel[1]' });
    await inBranch.getByText('in a delay').waitFor();
    expect(await inBranch.textContent()).toMatch(/busy continues in (59 min|1 h)/);
    expect(await lines.count()).toBe(2);
    await inBranch.getByRole('link').click();
    await page.waitForURL((url) => url.pathname.endsWith(`/runs/${busy}`));
    for (let branch = 2; branch <= 50; branch += 1) await delay(busy, `actions[0].parallel[${branch}]`, 'waiting');
    await page.goBack();
    await armed.getByText('Only the newest 50 delays are shown.').waitFor();
    expect(await lines.count()).toBe(50);
    expect(problems).toEqual([]);
  });

  it('shows the graph of a version that is older than the newest 200', async () => {
    const automation = await screens.automation({ name: 'Edited often' });
    const id = await start(automation);
    await screens.api.rows(
      `insert into automation_versions (automation_id, version, schema_version, definition, created_at, created_by)
       select automation_id, n, schema_version, definition, created_at, created_by
       from automation_versions, generate_series(2, 202) as n where automation_id = $1`,
      [automation],
    );
    await screens.api.rows('update automations set version = 202 where id = $1', [automation]);
    await screens.api.rows(
      `insert into run_steps (run_id, path, kind, action, status) values ($1, 'actions[0]', 'action', 'automation.log', 'running')`,
      [id],
    );
    const { page, problems } = await screens.open(`/runs/${id}?view=graph`);
    await page.getByLabel('Graph of the run, version 1').first().waitFor();
    expect(problems).toEqual([]);
  });

  it('shows how the run ended if it has ended before the confirmation', async () => {
    const id = await start(await screens.automation({ name: 'Ends early' }));
    const { page } = await screens.open(`/runs/${id}`);
    await page.route('**/api/v1/stream', (route) => route.abort());
    await page.reload();
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await screens.api.rows("update runs set status = 'success', finished_at = now() where id = $1", [id]);
    await page.getByRole('button', { name: 'Cancel the run' }).click();
    await page.locator('.page-sub [data-status="success"]').waitFor();
    expect(await page.getByRole('dialog').count()).toBe(0);
  });

  it('draws the whole focus ring around the list of steps and around each step', async () => {
    const id = await start(await screens.automation({ name: 'Two steps' }));
    for (const index of [0, 1])
      await screens.api.rows(
        `insert into run_steps (run_id, path, action_id, kind, action, status, attempts, began_seq, started_at, finished_at)
         values ($1, $2, $3, 'action', 'automation.log', 'success', 1, $4, now(), now())`,
        [id, `actions[${index}]`, `step_${index}`, index],
      );
    const { page } = await screens.open(`/runs/${id}`);
    await page.getByRole('button', { name: /step_1/ }).waitFor();
    await page.getByRole('button', { name: 'Graph' }).focus();
    for (const focused of ['Steps', 'step_0', 'step_1']) {
      await page.keyboard.press('Tab');
      const name = await page.evaluate(
        'document.activeElement.getAttribute("aria-label") ?? document.activeElement.querySelector(".step-label").textContent',
      );
      expect([name, await page.evaluate(CLIPPING)]).toEqual([focused, []]);
    }
    await picture(page, 'run-focus');
  });

  it('loads the script of a step, with its environment, into the script panel', async () => {
    await screens.api.call('PUT', `${BASE}/secrets/REPORT_TOKEN`, { body: { value: 'long-enough-value' } });
    const config = {
      ...{ packages: ['left@1.0.0'], env: { REGION: '{{ var.region }}' } },
      secretEnv: { TOKEN: '${{ secrets.REPORT_TOKEN }}' },
    };
    const automation = await screens.automation({
      name: 'Counts',
      variables: { region: 'eu' },
      actions: [{ id: 'count', action: 'integration-script.run_script', config: { ...config, script: SCRIPT } }],
    });
    const id = await start(automation);
    await screens.api.rows(
      `insert into run_steps (run_id, path, action_id, kind, action, status, attempts, began_seq, started_at, finished_at, trace)
       values ($1, 'actions[0]', 'count', 'action', 'integration-script.run_script', 'success', 1, 1, now(), now(), $2)`,
      [id, JSON.stringify({ config: { ...config, env: { REGION: 'eu' } } })],
    );
    // The run keeps the version that it started with.
    await screens.api.call('PATCH', `${BASE}/automations/${automation}`, { body: { actions: [{ stop: {} }] } });
    const { page, problems } = await screens.open(`/runs/${id}?step=actions[0]`);
    await page.getByRole('link', { name: 'Try a script with this scope' }).click();
    await page.getByText('Loaded from actions[0].').waitFor();
    await page.getByText('Secrets are masked as ****').waitFor();
    expect(await page.getByLabel('Source').inputValue()).toBe(SCRIPT);
    expect(await page.getByLabel('Kind').inputValue()).toBe('run_script');
    expect(await page.getByLabel('As JSON').inputValue()).toContain('"region": "eu"');
    await picture(page, 'script-of-step');
    expect(await seriousFindings(page)).toEqual([]);
    const [request] = await Promise.all([
      page.waitForRequest('**/api/v1/scripts/test'),
      page.getByRole('button', { name: 'Run it' }).click(),
    ]);
    expect(request.postDataJSON()).toMatchObject({
      ...{ kind: 'run_script', script: SCRIPT, packages: ['left@1.0.0'], env: { REGION: 'eu' } },
      secretEnv: { TOKEN: '${{ secrets.REPORT_TOKEN }}' },
    });
    expect(problems).toEqual([]);
  });

  it('keeps the sample script if the step runs no script', async () => {
    const id = await start(await screens.automation({ name: 'Logs' }));
    await screens.api.rows(
      `insert into run_steps (run_id, path, kind, action, status, attempts, began_seq, started_at, finished_at)
       values ($1, 'actions[0]', 'action', 'automation.log', 'success', 1, 1, now(), now())`,
      [id],
    );
    const { page } = await screens.open(`/scripts?run=${id}&step=actions[0]`);
    await page.getByText('actions[0] runs no script.').waitFor();
    expect(await page.getByLabel('Source').inputValue()).toContain('FERMATA_TRIGGER_EVENT');
  });
});
