import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type * as LocalValidator from '../../console/src/screens/editor/local-validator';
import { BASE } from '../integration/api-harness';
import { until } from '../support/until';
import { BROKEN, exampleDocuments, findingsOfApi, validatorKnowledge } from './documents';
import {
  BUILD,
  describeConsole,
  picture,
  seriousFindings,
  startConsole,
  writeDefinition,
  type ConsoleHarness,
} from './console-harness';

const YAML = `# Keep this comment.
name: Page on call
mode: parallel
triggers:
  - event: incident.created
    filter: trigger.payload.severity == "critical"
actions:
  - action: automation.log
    config: { message: "{{ trigger.payload.title }}" }
`;

const HOST_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJl3dIeudNqd0DPMRD6OIh65tjkxFNOsGp3pH6XVS6yR';

describeConsole('the editor of the console', () => {
  let screens: ConsoleHarness;
  let id: string;
  beforeAll(async () => {
    screens = await startConsole();
  });
  afterAll(() => screens.end());
  beforeEach(async () => {
    const headers = { 'Content-Type': 'application/yaml' };
    id = String((await screens.api.call('POST', `${BASE}/automations`, { body: YAML, headers })).body.id);
  });

  const read = async () => {
    const headers = { Accept: 'application/yaml' };
    return (await screens.api.call('GET', `${BASE}/automations/${id}`, { headers })).text;
  };

  it('creates a first automation from an empty text, with completion', async () => {
    const { page, problems } = await screens.open('/automations/new');
    await page.getByLabel('Definition').click();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('name: First steps\ntriggers:\n  - event: incident.cr');
    await page.getByRole('option', { name: 'incident.created' }).click();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Home');
    await page.keyboard.press('Shift+End');
    await page.keyboard.type('actions:\n  - action: automation.lo');
    await page.getByRole('option', { name: /^automation\.log/ }).click();
    await page.keyboard.press('Enter');
    await page.keyboard.type('config: { message: hello }');
    await page.getByText('not saved', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByRole('heading', { name: 'First steps' }).waitFor();
    // Chromium adds inline styles to text that it merges while editing. The content security policy refuses them.
    expect(problems.filter((message) => !message.startsWith('Applying inline style'))).toEqual([]);
  });

  it('corrects a broken definition with the fixes that its findings suggest', async () => {
    const { page } = await screens.open(`/automations/${id}/edit`);
    await page.getByText('incident.created').first().waitFor();
    const broken = YAML.replace('incident.created', 'incident.craeted').replace('automation.log', 'automation.lgo');
    await writeDefinition(page, broken);
    await page.getByRole('heading', { name: /^Findings/ }).waitFor();
    expect(await page.getByRole('button', { name: 'Save as new version' }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Change to incident.created' }).click();
    await page.getByRole('heading', { name: 'Findings (1)' }).waitFor();
    await page.getByRole('button', { name: 'Change to automation.log' }).click();
    await page.getByRole('heading', { name: /^Findings/ }).waitFor({ state: 'detached' });
    expect(await page.getByRole('button', { name: 'Save as new version' }).isEnabled()).toBe(true);
  });

  it('keeps the cursor at a correction', async () => {
    const { page } = await screens.open(`/automations/${id}/edit`, { viewport: { width: 1280, height: 600 } });
    await page.getByText('incident.created').first().waitFor();
    const steps = Array.from({ length: 60 }, (_, n) => `  - { action: automation.log, config: { message: "${n}" } }\n`);
    await writeDefinition(page, `${YAML}${steps.join('')}`.replace('"50" } }', '"50" } }\n  - action: automation.lgo'));
    await page
      .locator('.cm-scroller')
      .evaluate((element) => ((element as unknown as { scrollTop: number }).scrollTop = 0));
    const fix = page.getByRole('button', { name: 'Change to automation.log' });
    await fix.click();
    await fix.waitFor({ state: 'detached' });
    const line = page.locator('.cm-activeLine');
    expect(await line.textContent()).toBe('  - action: automation.log');
    await page.keyboard.type('_');
    expect(await line.textContent()).toBe('  - action: automation.log_');
    // The tooltip of a finding offers the same correction.
    for (const key of ['Backspace', 'Backspace', 'Escape', 'ArrowUp', 'ArrowUp']) await page.keyboard.press(key);
    await fix.waitFor();
    await until('the tooltip is shown', async () => {
      // New findings close the tooltip, and it opens again only after the pointer has moved.
      await page.mouse.move(0, 0);
      await page.locator('.cm-lintRange-error', { hasText: 'automation.lo' }).hover();
      await page.waitForTimeout(500);
      return (await page.locator('.cm-diagnosticAction').count()) > 0;
    });
    await page.locator('.cm-diagnosticAction').click();
    expect(await line.textContent()).toBe('  - action: automation.log');
    await page.keyboard.type('_');
    expect(await line.textContent()).toBe('  - action: automation.log_');
  });

  it('limits the height of the text at a width of 390 px', async () => {
    const { page } = await screens.open(`/automations/${id}/edit`, { viewport: { width: 390, height: 844 } });
    await page.getByLabel('Definition').waitFor();
    const height = await page
      .locator('.workbench-text')
      .evaluate((element) => (element as unknown as { offsetHeight: number }).offsetHeight);
    expect(height).toBeLessThanOrEqual(0.6 * 844 + 2);
    expect(height).toBeGreaterThan(240);
    await picture(page, 'editor-390');
    const tryIt = page.getByRole('button', { name: 'Try it out' });
    await tryIt.scrollIntoViewIfNeeded();
    await picture(page, 'editor-390-below');
    expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
  });

  it('shows the findings of the API with the same texts', async () => {
    const { page } = await screens.open(`/automations/${id}/edit`);
    await page.getByText('incident.created').first().waitFor();
    const broken = YAML.replace('message:', 'mesage:');
    await writeDefinition(page, broken);
    const { body } = await screens.api.call('POST', `${BASE}/automations/validate`, {
      body: broken,
      headers: { 'Content-Type': 'application/yaml' },
    });
    for (const { message } of body['errors'] as { message: string }[]) await page.getByText(message).first().waitFor();
  });

  it('reports the same findings in the page as the API does, with the same positions', async () => {
    const { page, problems } = await screens.open('/now');
    const chunk = readdirSync(join(BUILD, 'assets')).find((name) => /^local-validator-.*\.js$/.test(name)) ?? '';
    const texts = [...exampleDocuments(), ...BROKEN];
    const knowledge = await validatorKnowledge(screens.api);
    const found = await page.evaluate(
      async ({ url, knowledge, texts }) => {
        const { createLocalValidator } = (await import(url)) as typeof LocalValidator;
        const validate = createLocalValidator(knowledge);
        return texts.map((text) => validate(text));
      },
      { url: `${screens.api.url}/console/assets/${chunk}`, knowledge, texts },
    );
    for (const [index, text] of texts.entries()) {
      expect({ text, found: found[index] }).toEqual({ text, found: await findingsOfApi(screens.api, text) });
    }
    expect(problems).toEqual([]);
  });

  it('shows findings while the API cannot be reached', async () => {
    const { page } = await screens.open(`/automations/${id}/edit`);
    await page.getByText('incident.created').first().waitFor();
    await writeDefinition(page, YAML.replace('mode:', 'mod:'));
    await page.getByRole('heading', { name: 'Findings (1)' }).waitFor();
    await page.route('**/automations/validate', (route) => route.abort());
    await writeDefinition(page, YAML.replace('parallel', 'paralel'));
    await page.getByText('Did you mean "parallel"?').first().waitFor();
  });

  it('saves a new version with its comments, and removes keys that the text no longer contains', async () => {
    await screens.api.call('PATCH', `${BASE}/automations/${id}`, { body: { description: 'To be removed' } });
    const { page } = await screens.open(`/automations/${id}/edit`);
    await page.getByText('To be removed').first().waitFor();
    await writeDefinition(page, YAML.replace('critical', 'major'));
    await page.getByLabel('Note on this version').fill('Page for <b>major</b> ones');
    await page.getByRole('button', { name: 'Save as new version' }).click();
    await page.getByText('version 3', { exact: true }).waitFor();
    expect(await read()).toBe(YAML.replace('critical', 'major'));
    const { body } = await screens.api.call('GET', `${BASE}/automations/${id}`);
    expect(body['description']).toBeNull();
    await page.goto(`${screens.api.url}/console/automations/${id}?tab=versions`);
    await page
      .getByRole('button', { name: /Version 3/ })
      .getByText('Page for <b>major</b> ones')
      .waitFor();
  });

  it('keeps unsaved text after a reload', async () => {
    const { page } = await screens.open(`/automations/${id}/edit`);
    await writeDefinition(page, YAML.replace('Page on call', 'Page somebody'));
    await page.getByText('not saved', { exact: true }).waitFor();
    await until('the draft is stored', async () => (await page.evaluate('Object.keys(localStorage).length')) === 1);
    await page.reload();
    await page.getByText('Your unsaved changes').waitFor();
    await page.getByText('Page somebody').first().waitFor();
    await page.getByRole('button', { name: 'Discard them' }).click();
    await page.getByText('no changes').waitFor();
  });

  it('does not overwrite a version that another tab has saved', async () => {
    const { page } = await screens.open(`/automations/${id}/edit`);
    await writeDefinition(page, YAML.replace('critical', 'minor'));
    await screens.api.call('PATCH', `${BASE}/automations/${id}`, { body: { description: 'From the other tab' } });
    await page.getByRole('button', { name: 'Save as new version' }).click();
    await page.getByText('was not saved').waitFor();
    await page.getByText('+description: From the other tab').waitFor();
    expect(await read()).toContain('From the other tab');
    await page.getByRole('button', { name: 'Keep editing and replace theirs on the next save' }).click();
    await page.getByRole('button', { name: 'Save as new version' }).click();
    await page.getByText('version 3', { exact: true }).waitFor();
    expect(await read()).toContain('minor');
  });

  it('dry-runs the unsaved text with the payload of a past run', async () => {
    const payload = { incidentId: 'i-1', title: 'Checkout is down', severity: 'minor', systemIds: ['checkout'] };
    await screens.post(`/automations/${id}/runs`, { payload });
    const { page } = await screens.open(`/automations/${id}/edit`);
    await page.getByLabel('Payload').selectOption('run');
    await page.getByLabel('Run', { exact: true }).selectOption({ index: 1 });
    await page.getByRole('button', { name: 'Try it out' }).click();
    await page.getByText('It would not run: filter').waitFor();
    await writeDefinition(page, YAML.replace('critical', 'minor'));
    await page.getByRole('button', { name: 'Try it out' }).click();
    await page.getByText('It would run and end with status success').waitFor();
    await page.getByText('automation.log').first().waitFor();
    const rows = await screens.api.rows('select 1 from automation_versions where automation_id = $1', [id]);
    expect(rows).toHaveLength(1);
  });

  it('explains the word under the pointer', async () => {
    const { page } = await screens.open(`/automations/${id}/edit`);
    await writeDefinition(page, YAML.replace('parallel', 'queued'));
    await page.locator('.cm-line', { hasText: 'mode: queued' }).locator('span').first().hover();
    await page.getByText('What happens to a new run while another one is active').waitFor();
  });

  it('explains the names in an expression: their types, and which trigger or step provides them', async () => {
    const { page } = await screens.open(`/automations/${id}/edit`);
    const text = `name: Opens
triggers:
  - event: alert.fired
actions:
  - id: open
    action: incident.create
    config: { title: "{{ trigger.payload.name }}", severity: minor, systemIds: [checkout] }
  - action: automation.log
    config: { message: "{{ artifacts.open.incident.incidentId | upper }}" }
`;
    await writeDefinition(page, text);
    /** Moves the pointer to a word in a line. */
    const hoverOver = async (line: string, word: string) => {
      const box = await page.locator('.cm-line', { hasText: line }).evaluate((element, wanted) => {
        const { document } = element.ownerDocument.defaultView ?? globalThis;
        const walker = document.createTreeWalker(element, 4);
        for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
          const at = node.textContent.indexOf(wanted);
          if (at < 0) continue;
          const range = document.createRange();
          range.setStart(node, at);
          range.setEnd(node, at + wanted.length);
          const { x, y, width, height } = range.getBoundingClientRect();
          return { x: x + width / 2, y: y + height / 2 };
        }
        return undefined;
      }, word);
      if (box === undefined) throw new Error(`${word} is not shown.`);
      await page.mouse.move(0, 0);
      await page.mouse.move(box.x, box.y, { steps: 5 });
    };
    const explained = page.locator('.code-hover');
    await hoverOver('title:', 'payload.name');
    await explained.getByText('trigger.payload').first().waitFor();
    await explained.getByText('From the payload of alert.fired.').waitFor();
    await hoverOver('message:', 'incidentId');
    await explained.getByText('Produced by the step open (incident.create).').waitFor();
    await picture(page, 'editor-hover');
    await hoverOver('message:', 'upper');
    await explained.getByText('The string in upper case.').waitFor();
  });

  it('offers the values that a connection lists for a field', async () => {
    await screens.post('/connections', {
      ...{ name: 'Build hosts', type: 'ssh' },
      config: {
        ...{ host: 'build-1.example.test', hosts: ['build-2.example.test'], user: 'ci' },
        ...{ password: 'a-long-enough-password', knownHosts: `build-1.example.test ${HOST_KEY}` },
      },
    });
    const { page } = await screens.open(`/automations/${id}/edit`);
    const config = '{ command: uptime, connectionId: Build hosts, host: bui';
    const text = `name: Deploys\nactions:\n  - action: integration-ssh.run\n    config: ${config} }\n`;
    await writeDefinition(page, text);
    await page.locator('.cm-line', { hasText: 'host: bui' }).click();
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Control+Space');
    await page.getByRole('option', { name: 'build-2.example.test' }).click();
    await page.locator('.cm-line', { hasText: 'host: build-2.example.test' }).waitFor();
  });

  it('is read-only for viewers', async () => {
    const { page } = await screens.open(`/automations/${id}/edit`, { roles: ['viewer'] });
    await page.getByText('read only').waitFor();
    expect(await page.getByRole('button', { name: 'Save as new version' }).isDisabled()).toBe(true);
  });

  it('has no serious accessibility findings', async () => {
    const { page, problems } = await screens.open(`/automations/${id}/edit`, { colorScheme: 'dark' });
    await page.getByText('Keep this comment').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    expect(problems).toEqual([]);
  });

  it('offers for a dry run only past events of the type or entity kind of the trigger, and names them', async () => {
    for (const [type, subject] of [
      ['deploy.started', 'release-1'],
      ['deploy.finished', 'release-2'],
    ])
      await screens.post('/events', { specversion: '1.0', id: type, source: '/test', type, subject, data: {} });
    await screens.post('/incidents', { title: 'Slow', severity: 'minor', systemIds: ['checkout'] });
    await screens.post('/ingest/alertmanager', {
      ...{ version: '4', status: 'firing' },
      alerts: [
        {
          ...{ status: 'firing', fingerprint: 'diskfull', startsAt: new Date().toISOString() },
          ...{ labels: { alertname: 'DiskFull' }, annotations: {} },
        },
      ],
    });
    const { page } = await screens.open(`/automations/${id}/edit`);
    const text = `name: Handles deploys
triggers:
  - id: deploys
    event: automation.event
    config: { type: deploy.finished }
  - id: alerts
    event: automation.entity_changed
    config: { kind: alert }
actions:
  - action: automation.log
    config: { message: a }
`;
    await writeDefinition(page, text);
    await page.getByLabel('Trigger').selectOption('deploys');
    await page.getByLabel('Payload').selectOption('event');
    const events = page.getByLabel('Event', { exact: true });
    const offered = async () => (await events.getByRole('option').allTextContents()).slice(1);
    await events.getByRole('option', { name: /^deploy\.finished/ }).waitFor({ state: 'attached' });
    expect(await offered()).toEqual([expect.stringMatching(/^deploy\.finished · .*release-2/)]);
    await events.selectOption({ index: 1 });
    const tryIt = page.getByRole('button', { name: 'Try it out' });
    expect(await tryIt.isEnabled()).toBe(true);
    await page.getByLabel('Trigger').selectOption('alerts');
    await events.getByRole('option', { name: /DiskFull/ }).waitFor({ state: 'attached' });
    expect(await offered()).toEqual([expect.stringMatching(/^alert\.fired · alert DiskFull/)]);
    expect(await tryIt.isDisabled()).toBe(true);
    await picture(page, 'dry-run-past-events');
  });

  it('dry-runs the text on a past event that started no run, and saves the result as a test', async () => {
    const event = {
      specversion: '1.0',
      id: 'past',
      source: '/test',
      type: 'deploy',
      subject: 'shop',
      data: { env: 'dev' },
    };
    await screens.post('/events', event);
    const { page } = await screens.open(`/automations/${id}/edit`);
    const text = `name: Handles deploys
triggers:
  - event: automation.event
    config: { type: deploy }
actions:
  - action: automation.log
    config: { message: "{{ trigger.payload.subject }}" }
`;
    await writeDefinition(page, text);
    await page.getByLabel('Payload').selectOption('event');
    await page.getByLabel('Event', { exact: true }).selectOption({ index: 1 });
    await page.getByRole('button', { name: 'Try it out' }).click();
    await page.getByText('It would run and end with status success').waitFor();
    await page.getByLabel('Payload').selectOption('own');
    await page
      .getByLabel('Custom payload as JSON')
      .fill('{"type": "deploy", "source": "/t", "subject": "shop", "data": {}}');
    await page.getByRole('button', { name: 'Try it out' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save as test' }).click(),
    ]);
    const file = readFileSync(await download.path(), 'utf8');
    expect(download.suggestedFilename()).toBe('page-on-call.test.yaml');
    expect(parse(file)).toMatchObject({
      tests: [
        {
          events: [{ at: '1m', event: { type: 'deploy', subject: 'shop' } }],
          expect: [{ runs: [{ status: 'success', steps: [{ path: 'actions[0]', status: 'success' }] }] }],
        },
      ],
    });
  });
});
