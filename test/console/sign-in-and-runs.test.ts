import { ADMIN_TOKEN, BASE, type ApiHarness } from '../integration/api-harness';
import {
  clickIfShown,
  describeConsole,
  openPage,
  seriousFindings,
  startConsole,
  type ConsoleHarness,
} from './console-harness';

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
    const error = JSON.stringify({ code: 'http_status', message: 'The server answered 503.' });
    await api.rows(
      "update runs set status = 'failed', started_at = now(), finished_at = now(), error = $2 where id = $1",
      [runId, error],
    );
    await api.rows(
      `insert into run_steps (run_id, path, action_id, kind, status, attempts, began_seq, started_at, finished_at, error)
       values ($1, 'actions[0]', 'call', 'action', 'failed', 3, 1000, now(), now(), $2)`,
      [runId, error],
    );
  });
  afterAll(() => screens.end());

  const open = (path: string, options = {}) => openPage(screens.browser, api.url, path, options);
  const link = async () => String((await api.call('POST', `${BASE}/session/links`)).body.path);

  it('signs in with a token, and out again', async () => {
    const { page, wrong } = await open('/');
    await page.getByLabel('Token').fill('wrong-token');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('not valid').waitFor();
    await page.getByLabel('Token').fill(ADMIN_TOKEN);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Now' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to Fermata' }).waitFor();
    expect(wrong).toEqual([]);
  });

  it('signs in by a link, and finds a failed run by filters that stand in the address', async () => {
    const { page, wrong } = await open(await link());
    await page.getByRole('heading', { name: 'Now' }).waitFor();
    await page.getByRole('link', { name: 'Runs', exact: true }).first().click();
    await page.getByRole('heading', { name: 'Runs' }).waitFor();
    await page.getByText(XSS).first().waitFor();
    await page.getByRole('button', { name: /^failed/ }).click();
    await page.waitForURL(/status=failed/);
    await page.getByRole('button', { name: /^failed/, pressed: true }).waitFor();
    await page.getByRole('link', { name: XSS }).first().click();
    await page.getByText('The server answered 503.').first().waitFor();
    await page.getByRole('button', { name: /Retry from the failed step/ }).waitFor();
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(wrong).toEqual([]);
  });

  it('returns to sign-in when the session is revoked elsewhere', async () => {
    const { page } = await open(await link());
    await page.getByRole('heading', { name: 'Now' }).waitFor();
    await api.rows('update sessions set revoked_at = now()');
    api.api.forgetTokens();
    // The stream may have been refused before, in which case the page has already left.
    await clickIfShown(page.getByRole('link', { name: 'Runs', exact: true }));
    await page.getByRole('heading', { name: 'Sign in to Fermata' }).waitFor();
  });

  it.each([
    ['1280 px', { viewport: { width: 1280, height: 800 } }],
    ['390 px', { viewport: { width: 390, height: 800 } }],
    ['dark', { colorScheme: 'dark' as const }],
  ])('has no serious accessibility finding and no sideways scrolling at %s', async (_name, options) => {
    const { page } = await open(await link(), options);
    await page.getByText(XSS).first().waitFor();
    for (const path of ['/console/runs', `/console/runs/${runId}`]) {
      await page.goto(`${api.url}${path}`);
      await page.getByText(XSS).first().waitFor();
      expect(await seriousFindings(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
    }
  });
});
