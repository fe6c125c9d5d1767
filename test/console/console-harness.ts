import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Locator,
  type Page,
} from 'playwright-core';
import type { ApiSettings } from '../../src/api/deps';
import { loadConfig } from '../../src/config';
import { projectRoot } from '../../src/project-root';
import { BASE, startApiHarness, type ApiHarness } from '../integration/api-harness';
import { reportOnFailure } from './failure-report';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
const QUIET = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];
/** Directory of the built console. */
export const BUILD = join(projectRoot(), 'dist', 'console');

const ready = existsSync(CHROMIUM) && existsSync(join(BUILD, 'index.html'));
if (!ready) console.warn(`skipped: needs ${CHROMIUM} (or CHROMIUM=path) and a build of the console`);
/** Skips the tests if the browser or the build is missing, except in CI, where they then fail. */
export const describeConsole = ready || process.env['CI'] === 'true' ? describe : describe.skip;

/**
 * A page in its own browser context, and the problems that occurred on it: script errors, violations of the Content
 * Security Policy, dialogs, and requests to other servers.
 */
export interface Opened {
  page: Page;
  problems: string[];
}

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...QUIET] });

/**
 * Delay in milliseconds of each request for an asset or to the API (see `slowDown`). With a delay, a test that does not
 * wait for the next screen fails on every run. Without a delay, it fails only on a busy machine.
 */
const SLOW_MS = Number(process.env['CONSOLE_SLOW_MS'] ?? 0);

/**
 * Delays the requests of a browser context for `/assets/…` and `/api/v1/…`, except those whose path begins with
 * `/api/v1/stream`.
 */
const slowDown = (context: BrowserContext) =>
  context.route(/\/assets\/|\/api\/v1\/(?!stream)/, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
    // The page may already have been closed.
    await route.fallback().catch(() => undefined);
  });

/**
 * Replaces the text in the editor as a user would. Playwright's `fill` selects the old text in the document. If the new
 * text arrives before the editor has updated its selection, it is inserted after the old text instead of replacing it.
 */
export async function writeDefinition(page: Page, text: string): Promise<void> {
  await page.getByLabel('Definition').click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.insertText(text);
}

/** The name of the test that opened each browser context. */
const openedBy = new WeakMap<BrowserContext, string>();

/** Closes the pages of earlier tests, which would otherwise keep polling and slow down the current test. */
async function closeEarlier(browser: Browser, test: string): Promise<void> {
  const earlier = browser.contexts().filter((context) => openedBy.get(context) !== test);
  await Promise.all(earlier.map((context) => context.close()));
}

/** Opens a page in a new browser context and records the problems that occur on it. */
export async function openPage(browser: Browser, origin: string, path: string, options: BrowserContextOptions = {}) {
  const test = expect.getState().currentTestName ?? '';
  await closeEarlier(browser, test);
  const context = await browser.newContext(options);
  openedBy.set(context, test);
  if (SLOW_MS > 0) await slowDown(context);
  const page = await context.newPage();
  await reportOnFailure(page);
  page.setDefaultTimeout(30_000);
  page.setDefaultNavigationTimeout(60_000);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && /Content Security Policy|Refused to/.test(message.text()))
      problems.push(message.text());
  });
  page.on('dialog', (dialog) => {
    problems.push(`a dialog was shown: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith('data:') && !url.startsWith('blob:')) problems.push(url);
  });
  await page.goto(`${origin}${path}`);
  return { page, problems };
}

/**
 * Clicks an element if the page still shows it, in a single step inside the page. Use it for elements that the page may
 * remove at any time: a normal click would then wait for the element until its timeout.
 */
export const clickIfShown = (target: Locator): Promise<void> =>
  target.evaluateAll((elements) =>
    elements.slice(0, 1).forEach((element) => (element as unknown as { click(): void }).click()),
  );

/** The console: the API in this process, and a browser. */
export interface ConsoleHarness {
  api: ApiHarness;
  browser: Browser;
  /** Signs in with a one-time link, as the administrator or with the given roles, and opens a screen. */
  open(path: string, options?: BrowserContextOptions & { roles?: readonly string[] }): Promise<Opened>;
  /**
   * Posts JSON as the administrator and returns the JSON of the response.
   * @throws {Error} on any status other than 2xx
   */
  post(path: string, body: unknown): Promise<Record<string, unknown>>;
  /** Saves an automation and returns its id. */
  automation(document: Record<string, unknown>): Promise<string>;
  end(): Promise<void>;
}

export async function startConsole(
  settings: Partial<ApiSettings> = {},
  options: Parameters<typeof startApiHarness>[1] = {},
): Promise<ConsoleHarness> {
  const { inForce } = loadConfig({});
  const api = await startApiHarness({ consoleDirectory: BUILD, inForce, ...settings }, options);
  const browser = await launchBrowser();
  const post = async (path: string, body: unknown) => {
    const answer = await api.call('POST', `${BASE}${path}`, { body });
    if (answer.status >= 300) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  };
  /**
   * Returns the path for signing in. The administrator signs in with a link, and all other roles sign in with a token.
   */
  const signInPath = async (roles: readonly string[] | undefined) =>
    roles === undefined ? String((await post('/session/links', {}))['path']) : '/console/sign-in';
  return {
    ...{ api, browser, post },
    async open(path, { roles, ...options } = {}) {
      const opened = await openPage(browser, api.url, await signInPath(roles), options);
      if (roles !== undefined) {
        await opened.page.getByLabel('Token').fill(await api.token(...roles));
        await opened.page.getByRole('button', { name: 'Sign in' }).click();
      }
      await opened.page.getByRole('button', { name: 'Sign out' }).waitFor();
      await opened.page.goto(`${api.url}/console${path}`);
      return opened;
    },
    async automation(document) {
      const body = {
        actions: [{ action: 'automation.log', config: { message: 'a' } }],
        triggers: [{ event: 'automation.event', config: { type: 'any' } }],
        ...document,
      };
      return String((await post('/automations', body)).id);
    },
    async end() {
      await browser.close();
      await api.end();
    },
  };
}

/**
 * Returns axe's serious and critical accessibility findings for a page, each with the first affected element. With
 * `rules`, checks only these rules.
 */
export async function seriousFindings(page: Page, rules: string[] = []): Promise<[string, string | undefined][]> {
  const axe = new AxeBuilder({ page });
  const { violations } = await (rules.length > 0 ? axe.withRules(rules) : axe).analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => [id, nodes[0]?.html]);
}

/** Saves a screenshot of a page if CONSOLE_SCREENSHOTS names a directory. */
export async function picture(page: Page, name: string): Promise<void> {
  const directory = process.env['CONSOLE_SCREENSHOTS'];
  if (directory === undefined || directory === '') return;
  mkdirSync(directory, { recursive: true });
  await page.screenshot({ path: join(directory, `${name}.png`) });
}
