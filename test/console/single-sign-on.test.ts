import { createServer, type AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { startIdentityProvider, type IdentityProvider } from '../support/identity-provider';
import { oidcSettings } from '../support/oidc-browser';
import {
  describeConsole,
  openPage,
  picture,
  seriousFindings,
  startConsole,
  type ConsoleHarness,
} from './console-harness';

/** Returns a port that was free a moment ago. The provider must know the redirect URI before the API listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describeConsole('single sign-on in the console', () => {
  let idp: IdentityProvider;
  let screens: ConsoleHarness;
  beforeAll(async () => {
    const port = await freePort();
    const publicUrl = `http://127.0.0.1:${port}`;
    const redirectUri = `${publicUrl}/console/sign-in/callback`;
    idp = await startIdentityProvider({ redirectUris: [redirectUri] });
    await idp.setAccounts({
      ada: { preferred_username: 'ada', groups: ['sre'] },
      grace: { preferred_username: 'grace', groups: ['staff'] },
    });
    const oidc = oidcSettings(idp.issuer, { redirectUri, name: 'Example ID' });
    screens = await startConsole({ publicUrl }, { port, oidc });
  });
  afterAll(async () => {
    await screens.end();
    await idp.stop();
  });

  /** Opens a page without a session. Requests to the provider are not problems. */
  const open = async (path: string, options = {}) => {
    const { page, problems } = await openPage(screens.browser, screens.api.url, path, options);
    return { page, problems: () => problems.filter((problem) => !problem.startsWith(idp.issuer)) };
  };
  const toProvider = async (page: Page) => {
    await page.getByRole('button', { name: 'Sign in with Example ID' }).click();
    await page.getByRole('heading', { name: 'Sign in at the provider' }).waitFor();
  };

  it('signs in from a link to a screen, and returns to that screen without the code in the address', async () => {
    const { page, problems } = await open('/console/runs?status=failed#top');
    await toProvider(page);
    await page.getByRole('link', { name: 'ada' }).click();
    await page.getByRole('heading', { name: 'Runs' }).waitFor();
    expect(page.url()).toMatch(/\/console\/runs\?status=failed(#top)?$/);
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    await page.getByText('ada').first().waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Runs' }).waitFor();
    await page.goBack();
    expect(page.url()).not.toMatch(/[?&](code|state)=/);
    expect(problems()).toEqual([]);
  });

  it('shows that the provider refused the sign-in, and returns to the sign-in page for the same screen', async () => {
    const { page, problems } = await open('/console/runs?status=failed');
    await toProvider(page);
    await page.getByRole('link', { name: 'Cancel' }).click();
    await page.getByRole('alert').getByText('refused the sign-in, or it was cancelled there').waitFor();
    expect(await page.content()).not.toContain('555');
    expect(page.url()).toMatch(/\/console\/sign-in\/callback$/);
    await picture(page, 'single-sign-on-refused');
    await page.getByRole('link', { name: 'Back to the sign-in page' }).click();
    await toProvider(page);
    await page.getByRole('link', { name: 'ada' }).click();
    await page.waitForURL(/\/console\/runs\?status=failed$/);
    expect(problems()).toEqual([]);
  });

  it('shows that a user without a role may not use Fermata', async () => {
    const { page } = await open('/console/');
    await toProvider(page);
    await page.getByRole('link', { name: 'grace' }).click();
    await page.getByRole('alert').getByText('grace, but no group of this user has a role in Fermata').waitFor();
  });

  it.each([
    'https://attacker.example/',
    '//attacker.example/',
    '/\\attacker.example/',
    '/%09/attacker.example/',
    '/\t/attacker.example',
    'javascript:alert(1)',
    '/sign-in',
  ])('stays in the console instead of opening %s after signing in', async (next) => {
    const { page, problems } = await open(`/console/sign-in?next=${encodeURIComponent(next)}`);
    await toProvider(page);
    await page.getByRole('link', { name: 'ada' }).click();
    await page.waitForURL((url) => url.origin !== idp.issuer && !url.pathname.startsWith('/console/sign-in'));
    expect(page.url()).toMatch(new RegExp(`^${screens.api.url}/console/`));
    expect(problems()).toEqual([]);
  });

  it.each(['light', 'dark'] as const)('has an accessible sign-in page (%s)', async (colorScheme) => {
    const { page } = await open('/console/sign-in', { colorScheme });
    await page.getByRole('button', { name: 'Sign in with Example ID' }).waitFor();
    await picture(page, `single-sign-on-${colorScheme}`);
    expect(await seriousFindings(page)).toEqual([]);
  });
});
