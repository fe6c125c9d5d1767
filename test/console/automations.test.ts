import { BASE } from '../integration/api-harness';
import { describeConsole, startConsole, type ConsoleHarness } from './console-harness';

const HOSTILE = 'Page <img src=x onerror="window.hacked=1"> and escalate';

describeConsole('automations in the console', () => {
  let console_: ConsoleHarness;
  let id: string;
  beforeAll(async () => {
    console_ = await startConsole();
    const triggers = [{ id: 'deploys', event: 'automation.event', config: { type: 'deploy' } }];
    id = await console_.automation({
      name: HOSTILE,
      description: '<script>window.hacked=1</script>',
      group: 'on-call',
      triggers,
    });
    await console_.automation({ name: 'Second of the group', group: 'on-call' });
    await console_.automation({ name: 'Without a group' });
    const body = { description: 'What it was made for', actions: [{ stop: { reason: 'changed' } }] };
    await console_.api.call('PATCH', `${BASE}/automations/${id}`, { body });
    await console_.api.rows(
      `insert into evaluations (automation_id, trigger_id, change_id, outcome, detail, count, first_at, last_at)
       values ($1, 'deploys', gen_random_uuid(), 'filter', 'env is <b>staging</b>', 4, now(), now())`,
      [id],
    );
  });
  afterAll(() => console_.end());

  it('are listed by group, those without a group last, and searched with a text that the address contains', async () => {
    const { page, problems } = await console_.open('/automations');
    await page.getByText('Without a group').waitFor();
    expect(await page.getByRole('heading', { level: 2 }).allTextContents()).toEqual(['on-call 2', 'Ungrouped 1']);
    await page.getByLabel('Search automations').fill('second');
    await page.keyboard.press('Enter');
    await page.waitForURL(/q=second/);
    await page.getByText('Without a group').waitFor({ state: 'detached' });
    await page.reload();
    await page.getByText('Second of the group').waitFor();
    expect(await page.getByRole('row').count()).toBe(2);
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(problems).toEqual([]);
  });

  it('show at each step how many runs reached it in 24 hours, in the list and in the graph', async () => {
    const choose = [{ when: 'true', sequence: [{ id: 'call', delay: { minutes: 1 } }] }];
    const counted = await console_.automation({ name: 'Counted', actions: [{ id: 'way', choose }] });
    const { runId } = await console_.post(`/automations/${counted}/runs`, {});
    await console_.api.rows(`update runs set status = 'failed', finished_at = now() where id = $1`, [runId]);
    for (const [path, status] of [
      ['actions[0]', 'failed'],
      ['actions[0].choose[0].sequence[0]', 'failed'],
    ])
      await console_.api.rows(`insert into run_steps (run_id, path, kind, status) values ($1, $2, 'x', $3)`, [
        runId,
        path,
        status,
      ]);
    const { page, problems } = await console_.open(`/automations/${counted}`);
    await page.getByText('at steps, the newest run of version 1').waitFor();
    expect(await page.locator('.flow-count').allTextContents()).toEqual(['1 ×, 1 failed', '1 ×, 1 failed']);
    await page.getByRole('button', { name: 'Graph' }).click();
    await page.locator('.graph-head .flow-count').first().waitFor();
    expect(await page.locator('.graph-head .flow-count').allTextContents()).toEqual(['1 ×, 1 failed', '1 ×, 1 failed']);
    expect(problems).toEqual([]);
  });

  it('draw all steps of a loop below the loop, also after parallel steps', async () => {
    const log = (id: string) => ({ id, action: 'automation.log', config: { message: id } });
    const choose = [{ when: 'repeat.index == 1', sequence: [log('first_item')] }];
    const looping = await console_.automation({
      name: 'Loops',
      actions: [
        { parallel: [log('a'), log('b'), log('c')] },
        { id: 'loop', repeat: { for_each: '[1, 2]', sequence: [log('body'), { choose, else: [log('other_item')] }] } },
        log('last'),
      ],
    });
    const { page } = await console_.open(`/automations/${looping}?view=graph`);
    const top = async (path: string) => (await page.locator(`[data-box="${path}"]`).boundingBox())?.y ?? NaN;
    await page.locator('[data-box="actions[0]"]').waitFor();
    const body = 'actions[1].repeat.sequence';
    const downwards = ['actions[0].parallel[2]', 'actions[1]', `${body}[0]`, `${body}[1]`, `${body}[1].choose[0]`];
    const tops: number[] = [];
    for (const path of [...downwards, `${body}[1].else[0]`]) tops.push(await top(path));
    expect(tops).toEqual([...new Set(tops)].sort((one, other) => one - other));
  });

  it('count runs that have ended, and beside them those that are open', async () => {
    const counted = await console_.automation({ name: 'Has one open run', mode: 'parallel' });
    const { runId } = await console_.post(`/automations/${counted}/runs`, {});
    await console_.post(`/automations/${counted}/runs`, {});
    await console_.api.rows(`update runs set status = 'success', finished_at = now() where id = $1`, [runId]);
    const { page } = await console_.open('/automations?q=one open');
    await page.getByRole('columnheader', { name: 'Last 24 hours' }).waitFor();
    await page.getByRole('cell').getByText('1 ended, 1 open', { exact: true }).waitFor();
    await page.getByRole('img', { name: 'Runs of Has one open run that ended in the last 24 hours: 1' }).waitFor();
    await page.getByRole('link', { name: 'Has one open run' }).click();
    const outcomes = page.getByRole('region', { name: 'Outcomes of ended runs' });
    await outcomes.getByRole('img', { name: '1 run ended' }).waitFor();
    expect(await outcomes.locator('.numbers > div').first().textContent()).toBe('ended1');
    expect(await outcomes.locator('.numbers > div').nth(1).textContent()).toBe('open now1');
    await page.getByText('1 run ended, 1 open', { exact: true }).waitFor();
    await page
      .getByText('Counts cover ended runs and refused events of the last 24 hours, and runs that are open now')
      .waitFor();
    await page.getByRole('button', { name: 'Graph' }).click();
    await page.locator('.react-flow').getByText('1 run ended, 1 open').waitFor();
    await page.getByRole('button', { name: 'List' }).click();
    expect(await page.getByRole('region', { name: 'Recent runs' }).getByText('manually').count()).toBe(2);
  });

  it('say since when refused events are counted if a reason is older than 24 hours', async () => {
    const refusing = await console_.automation({ name: 'Refuses most events' });
    const detail = 'The value of trigger.payload.severity was warning, and the filter expects critical';
    for (const [outcome, count, first] of [
      ['filter', 5320, '20 days'],
      ['disabled', 7, '20 hours'],
    ])
      await console_.api.rows(
        `insert into evaluations (automation_id, trigger_id, change_id, outcome, detail, count, first_at, last_at)
         values ($1, 'automation_event', gen_random_uuid(), $2, $3, $4, now() - $5::interval, now())`,
        [refusing, outcome, detail, count, first],
      );
    const { page, problems } = await console_.open(`/automations/${refusing}`, { locale: 'en-GB' });
    const panel = page.getByRole('region', { name: 'What it does' });
    await panel.getByText(/5,320 × filter since \d+ \w+/).waitFor();
    const edge = await panel.locator('.flow-edge').first().textContent();
    expect(edge).toMatch(/(^|, |\s)7 × disabled($|,)/);
    await panel.getByText('A count of refused events with a date begins at that date.').waitFor();
    // On a phone, a reason has room for whole words.
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${console_.api.url}/console/automations/${refusing}?tab=evaluations`);
    const cell = page.getByRole('cell', { name: detail }).first();
    await cell.waitFor();
    expect((await cell.boundingBox())?.width).toBeGreaterThanOrEqual(200);
    expect(problems).toEqual([]);
  });

  it('are enabled and disabled with the keyboard, and several at once', async () => {
    const { page } = await console_.open('/automations');
    await page.getByRole('switch', { name: 'Disable Without a group' }).focus();
    await page.keyboard.press('Space');
    await page.getByRole('switch', { name: 'Enable Without a group' }).waitFor();
    await page.getByLabel('Select Without a group').check();
    await page.getByLabel('Select Second of the group').check();
    await page.getByText('2 selected').waitFor();
    await page.getByRole('button', { name: 'Disable', exact: true }).click();
    await page.getByText('2 selected').waitFor({ state: 'detached' });
    const { body } = await console_.api.call('GET', `${BASE}/automations?status=disabled`);
    expect((body.items as { name: string }[]).map(({ name }) => name).sort()).toEqual([
      'Second of the group',
      'Without a group',
    ]);
  });

  it('show the changes of other users without a reload', async () => {
    const { page } = await console_.open(`/automations/${id}`);
    await page.getByText('Live').waitFor();
    await page.getByRole('switch', { name: /^Disable/ }).waitFor();
    await console_.post(`/automations/${id}/disable`, {});
    await page.getByRole('switch', { name: /^Enable/ }).waitFor();
    await console_.post(`/automations/${id}/enable`, {});
    await page.getByRole('switch', { name: /^Disable/ }).waitFor();
  });

  it('show why an event did not start a run', async () => {
    const { page, problems } = await console_.open(`/automations/${id}`);
    await page.getByText('4 × filter').waitFor();
    await page.getByRole('tab', { name: 'Did not start' }).click();
    const row = page.getByRole('row', { name: /The filter was false/ });
    expect(await row.textContent()).toContain('env is <b>staging</b>');
    expect(problems).toEqual([]);
  });

  it('are compared with an older version and rolled back to it', async () => {
    const { page } = await console_.open(`/automations/${id}?tab=versions`);
    await page.getByRole('region', { name: 'Difference' }).getByText('+description: What it was made for').waitFor();
    await page.getByRole('button', { name: 'Roll back to version 1' }).click();
    await page.getByRole('button', { name: 'Roll back', exact: true }).click();
    await page.getByText('version 3', { exact: true }).waitFor();
    const { body } = await console_.api.call('GET', `${BASE}/automations/${id}`);
    expect(body).toMatchObject({ version: 3, description: '<script>window.hacked=1</script>' });
  });

  it('are started manually with a payload from a form', async () => {
    const { page } = await console_.open(`/automations/${id}`);
    await page.getByRole('button', { name: 'Run now' }).click();
    await page.getByLabel('As if started by').selectOption('deploys');
    await page.getByLabel('subject').fill('release-42');
    await page.getByLabel('data (JSON)').fill('{"env": "prod"}');
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.waitForURL(/\/runs\//);
    const [run] = await console_.api.rows<{ trigger: Record<string, unknown> }>(
      `select trigger_scope as trigger from runs where automation_id = $1`,
      [id],
    );
    expect(run?.trigger).toMatchObject({ id: 'deploys', payload: { subject: 'release-42', data: { env: 'prod' } } });
  });

  it('are started manually with the text of fields that may be null, and not while a field has invalid JSON', async () => {
    const alerts = await console_.automation({ name: 'Handles alerts', triggers: [{ event: 'alert.fired' }] });
    const { page } = await console_.open(`/automations/${alerts}`);
    await page.getByRole('button', { name: 'Run now' }).click();
    await page.getByLabel('As if started by').selectOption('alert_fired');
    await page.getByLabel('name', { exact: true }).fill('DiskFull');
    await page.getByLabel('severity', { exact: true }).fill('');
    const run = page.getByRole('button', { name: 'Run', exact: true });
    await page.getByLabel('value (JSON)').fill('DiskFull');
    await page.getByText('This is not valid JSON yet.').waitFor();
    expect(await run.isDisabled()).toBe(true);
    expect(await page.getByRole('button', { name: 'Edit as JSON' }).isDisabled()).toBe(true);
    await page.getByLabel('value (JSON)').fill('97');
    await page.getByText('This is not valid JSON yet.').waitFor({ state: 'detached' });
    await run.click();
    await page.waitForURL(/\/runs\//);
    const [started] = await console_.api.rows<{ trigger: Record<string, unknown> }>(
      `select trigger_scope as trigger from runs where automation_id = $1`,
      [alerts],
    );
    expect(started?.trigger).toMatchObject({ payload: { name: 'DiskFull', severity: null, value: 97 } });
  });

  it('show their source if they come from Git, and can then only be enabled, disabled and started', async () => {
    const document = `apiVersion: fermata/v1
kind: Automation
metadata: { name: locked, title: Locked, annotations: { path: ops/locked.yaml } }
spec: { triggers: [{ event: incident.created }], actions: [{ stop: { reason: done } }] }`;
    const answer = await console_.api.call('POST', `${BASE}/gitops/apply?source=ops-repo&commit=9f31c2ab77aa`, {
      body: document,
      headers: { 'Content-Type': 'application/yaml' },
    });
    const [{ id: locked = '' } = {}] = answer.body.results as { id?: string }[];
    const { page } = await console_.open(`/automations/${locked}`);
    await page.getByText('ops-repo').first().waitFor();
    await page.getByText('ops/locked.yaml').waitFor();
    await page.getByRole('button', { name: 'Copy 9f31c2ab77aa' }).waitFor();
    expect(await page.getByRole('button', { name: 'Delete' }).isDisabled()).toBe(true);
    expect(await page.getByRole('button', { name: 'Run now' }).isEnabled()).toBe(true);
    await page.getByRole('switch').click();
    await page.getByRole('switch', { name: /^Enable/ }).waitFor();
  });

  it('are all visible to a viewer, who cannot change them', async () => {
    const { page } = await console_.open(`/automations/${id}?tab=versions`, { roles: ['viewer'] });
    await page.getByRole('button', { name: /Version 2/ }).click();
    for (const name of ['Run now', 'Delete', /Roll back to version/])
      expect(await page.getByRole('button', { name }).isDisabled()).toBe(true);
    expect(await page.getByRole('switch').isDisabled()).toBe(true);
    await page.goto(`${console_.api.url}/console/automations`);
    await page.getByText('Without a group').waitFor();
    expect(await page.getByRole('link', { name: 'New automation' }).count()).toBe(0);
  });
});
