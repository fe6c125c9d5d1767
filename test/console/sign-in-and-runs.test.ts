import type { Page } from 'playwright-core';
import { ADMIN_TOKEN, BASE, type ApiHarness } from '../integration/api-harness';
import {
  clickIfShown,
  describeConsole,
  openPage,
  picture,
  seriousFindings,
  startConsole,
  type ConsoleHarness,
} from './console-harness';
import { failRun } from './fail-run';

const XSS = 'Page <img src=x onerror="window.hacked=1"> and escalate';

describeConsole('the console', () => {
  let screens: ConsoleHarness;
  let api: ApiHarness;
  let runId: string;
  beforeAll(async () => {
    screens = await startConsole();
    ({ api } = screens);
    const body = {
      name: XSS,
      triggers: [{ event: 'healthcheck.system_degraded' }],
      actions: [{ action: 'automation.log', config: { message: 'a' } }],
    };
    const made = await api.call('POST', `${BASE}/automations`, { body });
    const started = await api.call('POST', `${BASE}/automations/${String(made.body.id)}/runs`, { body: {} });
    runId = String(started.body.runId);
    await failRun(api, runId, { actionId: 'call', code: 'http_status', message: 'The server answered 503.' });
  });
  afterAll(() => screens.end());

  const open = (path: string, options = {}) => openPage(screens.browser, api.url, path, options);
  const link = async () => String((await api.call('POST', `${BASE}/session/links`)).body.path);

  it('signs in with a token and out again', async () => {
    const { page, problems } = await open('/');
    await page.getByLabel('Token').fill('wrong-token');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('not valid').waitFor();
    await page.getByLabel('Token').fill(ADMIN_TOKEN);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Now' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to Fermata' }).waitFor();
    expect(problems).toEqual([]);
  });

  it('signs in with a link, and shows the failed runs if they are filtered by status', async () => {
    const { page, problems } = await open(await link());
    await page.getByRole('heading', { name: 'Now' }).waitFor();
    await page.getByRole('link', { name: 'Runs', exact: true }).first().click();
    await page.getByRole('heading', { name: 'Runs' }).waitFor();
    await page.getByText(XSS).first().waitFor();
    expect(await page.getByRole('columnheader', { name: 'Started' }).getAttribute('title')).toMatch(
      /listed by the time at which they were created, newest first/,
    );
    await page.getByRole('button', { name: /^failed/ }).click();
    await page.waitForURL(/status=failed/);
    await page.getByRole('button', { name: /^failed/, pressed: true }).waitFor();
    await page.getByRole('link', { name: XSS }).first().click();
    await page.getByText('The server answered 503.').first().waitFor();
    await page.getByRole('button', { name: /Retry from the failed step/ }).waitFor();
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(problems).toEqual([]);
  });

  it('signs in with a link that is opened in a tab that already shows the sign-in page', async () => {
    const { page, problems } = await open('/console/sign-in#code=fml_expired');
    await page.getByRole('alert').waitFor();
    expect(page.url()).not.toContain('code');
    // Only the hash differs from the current address, so the browser does not load the page again.
    await page.goto(`${api.url}${await link()}`);
    await page.getByRole('heading', { name: 'Now' }).waitFor();
    expect(problems).toEqual([]);
  });

  it('links a failed run to all runs with the same error, which can be filtered by time', async () => {
    const { page, problems } = await screens.open(`/runs/${runId}`, { timezoneId: 'Europe/Berlin' });
    await page.getByRole('link', { name: 'all runs with this error' }).click();
    await page.waitForURL(/errorCode=http_status/);
    await page.getByRole('link', { name: XSS }).waitFor();
    await page.getByLabel('To', { exact: true }).fill('2026-01-05T10:00');
    await page.getByLabel('To', { exact: true }).press('Enter');
    await page.waitForURL(/to=2026-01-05T09/);
    await page.getByText('No run matches these filters.').waitFor();
    await page.reload();
    expect(await page.getByLabel('To', { exact: true }).inputValue()).toBe('2026-01-05T10:00');
    await page.getByLabel('To', { exact: true }).fill('');
    await page.getByLabel('To', { exact: true }).blur();
    await page.getByRole('link', { name: XSS }).waitFor();
    await page.getByRole('button', { name: 'error http_status' }).click();
    await page.waitForURL((url) => !url.search.includes('errorCode'));
    expect(problems).toEqual([]);
  });

  it('filters the audit log by actor and period', async () => {
    await api.token('viewer');
    const { page, problems } = await screens.open('/system?tab=audit');
    await page.getByRole('button', { name: 'Only anonymous' }).first().click();
    await page.waitForURL(/actorId=/);
    await page
      .getByRole('button', { name: /^Only (?!anonymous)/ })
      .first()
      .waitFor({ state: 'detached' });
    await page.getByLabel('From', { exact: true }).fill('2100-01-01T00:00');
    await page.getByLabel('From', { exact: true }).press('Enter');
    await page.getByText('No entry matches these filters.').waitFor();
    await page.getByRole('button', { name: /^actor / }).click();
    await page.waitForURL((url) => !url.search.includes('actorId'));
    expect(problems).toEqual([]);
  });

  it('shows the rendered config of a step, each failed attempt, and the variables that the step changed', async () => {
    const started = await screens.post(`/automations/${await screens.automation({ name: 'Detailed' })}/runs`, {});
    const id = String(started['runId']);
    const failure = (no: number, message: string) => ({
      ...{ no, code: 'http_status', message, at: new Date().toISOString(), tookMs: 1_200, status: 503 },
    });
    await api.rows(
      "update runs set status = 'success', variables = $2, started_at = now(), finished_at = now() where id = $1",
      [id, JSON.stringify({ kept: 'same', count: 1 })],
    );
    const steps = [
      {
        ...{ path: 'actions[0]', kind: 'action', result: { status: 200 }, attempts: 3 },
        trace: {
          config: { url: `https://example.org/${'long/'.repeat(40)}`, bearerToken: '${{ secrets.HOOK }}' },
          failures: [failure(1, 'The server answered 503.'), failure(2, 'The server answered 503 again.')],
        },
      },
      { path: 'actions[1]', kind: 'variables', result: { kept: 'same', count: 2, made: [1] }, attempts: 1, trace: {} },
    ];
    for (const [index, { path, kind, result, attempts, trace }] of steps.entries()) {
      await api.rows(
        `insert into run_steps (run_id, path, action_id, kind, status, attempts, began_seq, started_at, finished_at, result, trace)
         values ($1, $2, $3, $4, 'success', $5, 2000, now(), now(), $6, $7)`,
        [id, path, `step_${index}`, kind, attempts, JSON.stringify(result), JSON.stringify(trace)],
      );
    }
    const shown = async (name: string, options = {}) => {
      const { page, problems } = await screens.open(`/runs/${id}?step=actions[0]`, options);
      await page.getByRole('heading', { name: 'Rendered config' }).waitFor();
      await page.getByText('${{ secrets.HOOK }}').waitFor();
      await page.getByText('The server answered 503 again.').waitFor();
      expect(await page.locator('.attempts li').count()).toBe(2);
      await picture(page, `run-step-config-${name}`);
      await page.getByRole('button', { name: /step_1/ }).click();
      await page.getByRole('heading', { name: 'Changed variables' }).waitFor();
      await page.locator('.changed-variable').first().waitFor();
      expect(await page.locator('.changed-variable > strong').allTextContents()).toEqual(['count', 'made']);
      expect(await page.locator('.changed-variable').first().textContent()).toBe('count1→2');
      await picture(page, `run-step-variables-${name}`);
      expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
      expect(await seriousFindings(page)).toEqual([]);
      expect(problems).toEqual([]);
    };
    await shown('1280');
    await shown('dark', { colorScheme: 'dark' });
    await shown('390', { viewport: { width: 390, height: 844 } });
  }, 120_000);

  it('returns to sign-in after the session is revoked', async () => {
    const { page } = await open(await link());
    await page.getByRole('heading', { name: 'Now' }).waitFor();
    await api.rows('update sessions set revoked_at = now()');
    api.api.forgetTokens();
    // The stream may have been refused before, in which case the page already shows the sign-in.
    await clickIfShown(page.getByRole('link', { name: 'Runs', exact: true }));
    await page.getByRole('heading', { name: 'Sign in to Fermata' }).waitFor();
  });

  it.each([
    ['1280 px', { viewport: { width: 1280, height: 800 } }],
    ['390 px', { viewport: { width: 390, height: 800 } }],
    ['dark', { colorScheme: 'dark' as const }],
  ])('has no serious accessibility findings and no horizontal scrolling (%s)', async (name, options) => {
    const check = async (page: Page) => {
      expect(await seriousFindings(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
    };
    const { page: signIn } = await open('/console/sign-in', options);
    await signIn.getByRole('heading', { name: 'Sign in to Fermata' }).waitFor();
    await check(signIn);
    await signIn.getByLabel('Token').fill('wrong-token');
    await signIn.getByRole('button', { name: 'Sign in' }).click();
    await signIn.getByRole('alert').getByText('not valid').waitFor();
    await picture(signIn, `sign-in-${name.replace(' ', '')}`);
    await check(signIn);
    const { page } = await open(await link(), options);
    await page.getByText(XSS).first().waitFor();
    for (const path of ['/console/runs', `/console/runs/${runId}`]) {
      await page.goto(`${api.url}${path}`);
      await page.getByText(XSS).first().waitFor();
      await check(page);
    }
  });
});
