import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { loadConfig } from '../../src/config';
import { sha256 } from '../../src/domain/sha256';
import { BASE } from '../integration/api-harness';
import { describeConsole, seriousFindings, startConsole, type ConsoleHarness } from './console-harness';

describeConsole('access and settings in the console', () => {
  let screens: ConsoleHarness;
  beforeAll(async () => {
    const database = 'postgres://fermata:db-password@db.test/fermata';
    screens = await startConsole({ inForce: loadConfig({ FERMATA_PORT: '9090', DATABASE_URL: database }).inForce });
  });
  afterAll(() => screens.end());

  it('deletes a secret only after a confirmation', async () => {
    await screens.api.call('PUT', `${BASE}/secrets/OLD_TOKEN`, { body: { value: 'long-enough-value' } });
    const { page } = await screens.open('/connections?tab=secrets');
    const row = page.getByRole('row', { name: /OLD_TOKEN/ });
    await row.getByRole('button', { name: 'Delete' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete the secret OLD_TOKEN?' });
    await dialog.getByText('Its value cannot be restored.').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await row.getByRole('button', { name: 'Delete' }).click();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await row.waitFor({ state: 'detached' });
  });

  it('saves a secret that no page shows again, and warns about a short one', async () => {
    const { page } = await screens.open('/connections?tab=secrets');
    await page.getByRole('button', { name: 'New secret' }).click();
    await page.getByLabel('Name').fill('PAGER_TOKEN');
    await page.getByLabel('Value').fill('abc');
    await page.getByText('Values with fewer than 4 characters are not masked').waitFor();
    await page.getByLabel('Value').fill('abcd');
    await page.getByText('are not masked').waitFor({ state: 'detached' });
    await page.getByLabel('Value').fill('a-value-that-is-long-enough');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('${{ secrets.PAGER_TOKEN }}').waitFor();
    expect(await page.content()).not.toContain('a-value-that-is-long-enough');
  });

  it('does not replace a secret when a new one has its name', async () => {
    const save = (name: string) =>
      screens.api.call('PUT', `${BASE}/secrets/${name}`, { body: { value: 'long-enough-value' } });
    // More names than the list shows at first.
    for (let count = 10; count < 70; count += 1) await save(`ZONE_${count}`);
    const { page } = await screens.open('/connections?tab=secrets');
    await page.getByRole('button', { name: 'New secret' }).click();
    await page.getByLabel('Value').fill('another-long-value');
    await page.getByLabel('Name').fill('ZONE_69');
    await page.getByText('A secret with this name exists. To change its value, use Replace.').waitFor();
    const submit = page.getByRole('button', { name: 'Save' });
    expect(await submit.isDisabled()).toBe(true);
    await page.getByLabel('Name').fill('ZONE_70');
    await page.getByText('A secret with this name exists.').waitFor({ state: 'detached' });
    await submit.click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    const { body } = await screens.api.call('GET', `${BASE}/secrets?limit=200`);
    const versions = new Map(
      (body.items as { name: string; version: number }[]).map((each) => [each.name, each.version]),
    );
    expect([versions.get('ZONE_69'), versions.get('ZONE_70')]).toEqual([1, 1]);
  });

  it('adds a package, also over plain HTTP, where browsers have no cryptography', async () => {
    const { page } = await screens.open('/connections?tab=packages');
    await page.addInitScript(() => Object.defineProperty(crypto, 'subtle', { value: undefined }));
    await page.reload();
    await page.getByRole('button', { name: 'Add a package' }).click();
    await page.getByLabel('Name').fill('twice');
    await page.getByLabel('Version').fill('1.0.0');
    const manifest = '{"name":"twice","version":"1.0.0","exports":"./index.js"}';
    const content = await archive({ 'package/package.json': manifest, 'package/index.js': 'export default 2;' });
    await page
      .getByLabel('Tarball')
      .setInputFiles({ name: 'twice-1.0.0.tgz', mimeType: 'application/gzip', buffer: content });
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('cell', { name: 'twice', exact: true }).waitFor();
    const { body } = await screens.api.call('GET', `${BASE}/script-packages`);
    expect(body).toMatchObject({ items: [{ name: 'twice', sha256: sha256(content) }] });
  });

  it('tests a connection before saving it, and never shows its secret', async () => {
    const { page } = await screens.open('/connections');
    await page.getByRole('button', { name: 'New connection' }).click();
    await page.getByLabel('Name').fill('Our Jira');
    await page.getByLabel('Type', { exact: true }).selectOption('jira');
    await page.getByLabel('baseUrl').fill('https://127.0.0.1:1');
    await page.getByLabel('email').fill('ops@example.test');
    await page.getByLabel('apiToken').fill('a-token-that-nobody-sees');
    await page.getByRole('button', { name: 'Test before saving' }).click();
    await page.getByRole('dialog').locator('[data-status="failed"]').waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('cell', { name: 'Our Jira', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByText('A value is set. Leave empty to keep it.').waitFor();
    expect(await page.getByLabel('apiToken').inputValue()).toBe('');
    expect(await page.content()).not.toContain('a-token-that-nobody-sees');
  });

  it('shows which automations use a connection, hook, package or secret, or run scripts', async () => {
    const created = await screens.post('/connections', {
      ...{ name: 'Used Jira', type: 'jira' },
      config: { baseUrl: 'https://jira.example.test', email: 'ops@example.test', apiToken: 'a-long-enough-token' },
    });
    await screens.post('/hooks', { name: 'used-hook', scheme: 'github', secrets: ['0123456789abcdef0123'] });
    await screens.api.call('PUT', `${BASE}/secrets/USED_TOKEN`, { body: { value: 'long-enough-value' } });
    await screens.automation({
      name: 'Opens tickets',
      actions: [
        {
          action: 'integration-jira.create_issue',
          config: { connectionId: 'Used Jira', projectKey: 'A', issueTypeId: '1', summary: 'a' },
        },
      ],
    });
    await screens.automation({
      name: 'Uses the hook',
      triggers: [{ event: 'automation.webhook', config: { hook: 'used-hook' } }],
      actions: [
        {
          action: 'integration-script.run_script',
          config: {
            script: 'export default () => 1',
            packages: ['left@1.0.0'],
            secretEnv: { A: '${{ secrets.USED_TOKEN }}' },
          },
        },
      ],
    });
    const { page } = await screens.open('/connections');
    await page.getByRole('link', { name: 'Automations that use Used Jira' }).click();
    await page.waitForURL(new RegExp(`uses=connection`));
    await page.getByRole('link', { name: 'Opens tickets' }).waitFor();
    await page.getByRole('link', { name: 'Uses the hook' }).waitFor({ state: 'detached' });
    const found = async (uses: string) => {
      const { body } = await screens.api.call('GET', `${BASE}/automations?uses=${encodeURIComponent(uses)}`);
      return (body.items as { name: string }[]).map(({ name }) => name);
    };
    expect(await found(`connection:${String(created['id'])}`)).toEqual(['Opens tickets']);
    expect(await found('hook:used-hook')).toEqual(['Uses the hook']);
    expect(await found('package:left@1.0.0')).toEqual(['Uses the hook']);
    expect(await found('package:right@1.0.0')).toEqual([]);
    expect(await found('script:*')).toEqual(['Uses the hook']);
    await page.goto(`${screens.api.url}/console/connections?tab=secrets`);
    await page
      .getByRole('row', { name: /USED_TOKEN/ })
      .getByRole('link', { name: 'Uses the hook' })
      .waitFor();
  });

  it('retries a dead letter', async () => {
    const { body } = await screens.api.call('POST', `${BASE}/events`, {
      body: { specversion: '1.0', id: 'dead', source: '/test', type: 'broken' },
    });
    const [changeId] = body['changeIds'] as string[];
    await screens.api.rows(
      `update changes set routed_at = now(), failed_at = now(), attempts = 5, error = '{"message": "It broke"}' where change_id = $1`,
      [changeId],
    );
    const { page } = await screens.open('/');
    await page.getByRole('region', { name: 'Dead letters' }).getByRole('link', { name: 'broken' }).click();
    await page.getByRole('heading', { name: 'broken', level: 1 }).waitFor();
    await page.getByText('not routed: It broke').waitFor();
    await page.goto(`${screens.api.url}/console/system?tab=dead`);
    await page
      .getByRole('row', { name: /It broke/ })
      .getByRole('cell', { name: 'broken', exact: true })
      .waitFor();
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.getByText('All changes were routed.').waitFor();
  });

  it('creates a token that is shown once, and revokes it', async () => {
    const { page } = await screens.open('/system');
    await page.getByRole('button', { name: 'New token' }).click();
    await page.getByLabel('Name').fill('for the pipeline');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByText('It will not be shown again.').waitFor();
    const label =
      (await page.getByRole('dialog').getByRole('button', { name: /^Copy/ }).getAttribute('aria-label')) ?? '';
    expect(label).toMatch(/^Copy fm/);
    await page.getByRole('button', { name: 'Close' }).click();
    const row = page.getByRole('row', { name: /for the pipeline/ });
    await row.getByRole('button', { name: 'Revoke' }).click();
    const dialog = page.getByRole('dialog', { name: 'Revoke the token “for the pipeline”?' });
    await dialog.getByRole('button', { name: 'Back' }).click();
    await dialog.waitFor({ state: 'detached' });
    await row.getByRole('button', { name: 'Revoke' }).click();
    expect(await seriousFindings(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Revoke' }).click();
    await row.waitFor({ state: 'detached' });
  });

  it('filters the audit log by outcome, and keeps the filter in the address', async () => {
    const { page } = await screens.open('/system?tab=audit');
    await page.getByRole('row').nth(1).waitFor();
    await page.getByRole('button', { name: 'success' }).click();
    await page.waitForURL(/outcome=success/);
  });

  it('shows the current settings without secrets, to administrators only', async () => {
    const { page } = await screens.open('/system?tab=settings');
    await page.getByRole('row', { name: /FERMATA_PORT 9090 environment/ }).waitFor();
    await page.getByRole('row', { name: /FERMATA_HOST 127\.0\.0\.1 default/ }).waitFor();
    await page.getByRole('row', { name: /DATABASE_URL .*db\.test/ }).waitFor();
    expect(await page.content()).not.toContain('db-password');
    const token = await screens.api.token('operator');
    expect((await screens.api.call('GET', `${BASE}/settings`, { token })).status).toBe(403);
  });

  it('browses triggers with their schema and an example', async () => {
    const { page } = await screens.open('/system?tab=triggers');
    await page.getByLabel('Search triggers').fill('incident.created');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'incident.created' }).waitFor();
    await page.getByRole('heading', { name: 'Example', exact: true }).waitFor();
    await page.getByRole('heading', { name: 'Example of a payload' }).waitFor();
  });

  it('cancels all open runs that match a filter, after a preview', async () => {
    const id = await screens.automation({
      name: 'Waits for long',
      actions: [{ delay: { hours: 5 } }],
      mode: 'parallel',
    });
    for (let run = 0; run < 3; run += 1) await screens.post(`/automations/${id}/runs`, {});
    const { page, problems } = await screens.open(`/runs?automationId=${id}`);
    await page.getByRole('button', { name: 'Cancel all open…' }).click();
    await page.getByText('3 runs match.').waitFor();
    await page.getByRole('button', { name: 'Cancel 3 runs' }).click();
    await page.getByText('3 of 3 were cancelled.').waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await page
      .getByRole('row', { name: /cancelled/ })
      .nth(2)
      .waitFor();
    await page.goto(`${screens.api.url}/console/runs`);
    expect(await page.getByRole('button', { name: 'Cancel all open…' }).isDisabled()).toBe(true);
    expect(problems).toEqual([]);
  });

  it('saves filters as a view, which is shown as a link after a reload and can be removed', async () => {
    const { page } = await screens.open('/runs?status=failed');
    await page.getByRole('button', { name: 'Save this view' }).click();
    await page.getByLabel('Name of the view').fill('What failed');
    await page.keyboard.press('Enter');
    await page.goto(`${screens.api.url}/console/runs`);
    await page.getByRole('link', { name: 'What failed' }).click();
    await page.waitForURL(/status=failed/);
    await page.getByRole('button', { name: 'Remove the view What failed' }).click();
    await page.getByRole('link', { name: 'What failed' }).waitFor({ state: 'detached' });
  });

  it('creates a hook with a custom signature, and one for SNS topics', async () => {
    const { page } = await screens.open('/connections?tab=hooks');
    await page.getByRole('button', { name: 'New hook' }).click();
    await page.getByLabel('Name').fill('own-signature');
    await page.getByLabel('How the sender signs requests').selectOption('hmac');
    await page.getByLabel('Secret').fill('0123456789abcdef0123');
    await page.getByLabel('Header', { exact: true }).fill('x-own-signature');
    await page.getByLabel('Digest').selectOption('sha512');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('cell', { name: 'own-signature', exact: true }).waitFor();
    await page.getByRole('button', { name: 'New hook' }).click();
    await page.getByLabel('Name').fill('topics');
    await page.getByLabel('How the sender signs requests').selectOption('sns');
    await page.getByLabel('Topics').fill('arn:aws:sns:eu-central-1:123456789012:alarms');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('cell', { name: 'topics', exact: true }).waitFor();
    const { body } = await screens.api.call('GET', `${BASE}/hooks`);
    expect(body.items).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ scheme: 'hmac', header: 'x-own-signature', digest: 'sha512' }),
        expect.objectContaining({
          scheme: 'sns',
          topics: ['arn:aws:sns:eu-central-1:123456789012:alarms'],
        }),
      ]),
    );
  });
});

/** Returns an archive of files, as `npm pack` creates it. */
async function archive(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const packed = pack();
  for (const [name, content] of Object.entries(files)) packed.entry({ name }, content);
  packed.finalize();
  return gzipSync(await buffer(packed));
}
