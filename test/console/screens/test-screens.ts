import type { Page } from 'playwright-core';
import { describeConsole, picture, seriousFindings, startConsole, type ConsoleHarness } from '../console-harness';
import { fillScreens, type ScreenPath } from './fixture';

/** Matches the names of buttons that change something or open a dialog for a change. */
const CHANGES =
  /^(Run now|Delete|Save|Create|Acknowledge|Silence |Resolve|New |Plan|Open an|Edit|Replace|Remove|Revoke|Retry|Cancel|End|Test|Add update|Add a package|Change status|Run it|Try it out|Roll back)/;

/** Waits until a screen has loaded. */
export async function settled(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'detached' });
}

/** Tests all screens of a group. Each group has its own test file, so that the groups run in parallel. */
export function testScreens(group: keyof Awaited<ReturnType<typeof fillScreens>>): void {
  describeConsole(`every screen of the group ${group} of the console`, () => {
    let screens: ConsoleHarness;
    let paths: readonly ScreenPath[];
    beforeAll(async () => {
      screens = await startConsole();
      paths = (await fillScreens(screens))[group];
    }, 60_000);
    afterAll(() => screens.end());

    it.each([
      ['1280', { viewport: { width: 1280, height: 800 } }],
      ['dark', { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' as const }],
      ['390', { viewport: { width: 390, height: 844 } }],
    ])(
      'shows malicious and long texts as plain text, is accessible and does not scroll horizontally (%s)',
      async (name, options) => {
        const { page, problems } = await screens.open('/now', options);
        const found: Record<string, unknown> = {};
        for (const [screen, path] of paths) {
          await page.goto(`${screens.api.url}/console${path}`);
          await settled(page);
          expect(await page.evaluate('window.hacked')).toBeUndefined();
          expect(await page.locator('a[href^="javascript:" i]').count()).toBe(0);
          await picture(page, `${screen}-${name}`);
          // Only the colours depend on the colour scheme, so everything else is checked once.
          const findings = await seriousFindings(page, name === '1280' ? [] : ['color-contrast']);
          const fits = await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth');
          // The screen of a failed run shows the error of the run.
          const alerts =
            screen === 'run' || screen === 'run-graph' ? [] : await page.locator('.problem').allTextContents();
          if (findings.length > 0 || fits !== true || alerts.length > 0) found[screen] = { findings, fits, alerts };
        }
        expect(problems).toEqual([]);
        expect(found).toEqual({});
      },
      600_000,
    );

    it('shows all screens to a viewer, with disabled buttons for changes', async () => {
      const { page, problems } = await screens.open('/now', { roles: ['viewer'] });
      const enabled: Record<string, string[]> = {};
      for (const [screen, path] of paths) {
        await page.goto(`${screens.api.url}/console${path}`);
        await settled(page);
        const names = await page
          .locator('button:not(.picks button)')
          .and(page.getByRole('button', { name: CHANGES, disabled: false }))
          .allTextContents();
        if (names.length > 0) enabled[screen] = names.map((text) => text.trim());
      }
      expect(enabled).toEqual({});
      expect(problems).toEqual([]);
    }, 300_000);
  });
}
