// What the scripts that take screenshots of the console share: calls to the API of a service, and a browser that is
// signed in.
import { join } from 'node:path';
import { chromium } from 'playwright-core';

/** Viewport of a phone. */
export const PHONE = { width: 390, height: 844 };
/** Viewport of a desktop window. */
export const DESKTOP = { width: 1280, height: 800 };
const WAIT_MS = 60_000;

/** Returns a service at an address, and the calls that the scripts make to it. `token` is a token of an admin. */
export function serviceAt(origin, token) {
  async function call(method, path, body) {
    const answer = await fetch(`${origin}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (answer.status >= 300 && answer.status !== 409) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? {} : JSON.parse(text);
  }

  /** Returns the id of the automation with the given name. Saves the document if there is no such automation. */
  async function automation(name, document) {
    const { items } = await call('GET', `/automations?limit=200&q=${encodeURIComponent(name.slice(0, 200))}`);
    const found = items.find((item) => item.name === name);
    return found === undefined ? (await call('POST', '/automations', { name, ...document })).id : found.id;
  }

  return { origin, call, automation };
}

/** Calls `find` until it returns something. @throws {Error} after `ms` milliseconds; default: one minute */
export async function until(what, find, ms = WAIT_MS) {
  const end = Date.now() + ms;
  while (Date.now() < end) {
    const found = await find();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`No ${what} after ${ms / 1_000} s.`);
}

/** Starts Chromium (or CHROMIUM=path). */
export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu'],
  });

/** Waits until the screen has its title and its data. */
export async function settle(page) {
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'detached', timeout: WAIT_MS });
  await page.evaluate('document.fonts.ready');
  await page.waitForTimeout(1_500);
}

/**
 * Returns a function that takes one screenshot of a screen. With `prepare`, which gets the page before the screen is
 * opened, requests can be intercepted. With `act`, which gets the page after the screen is shown, the page can be used
 * before the screenshot is taken. With `settled: false`, the screenshot does not wait for the data of the screen.
 */
export function camera(browser, { origin, call }, directory) {
  return async (name, path, { prepare, act, settled = true, ...options } = {}) => {
    const context = await browser.newContext({ viewport: DESKTOP, ...options });
    const page = await context.newPage();
    const { path: link } = await call('POST', '/session/links', {});
    await page.goto(`${origin}${link}`);
    await page.getByRole('button', { name: 'Sign out' }).waitFor({ state: 'attached' });
    await prepare?.(page);
    await page.goto(`${origin}/console${path}`);
    if (settled) await settle(page);
    await act?.(page);
    const file = join(directory, `${name}.png`);
    await page.screenshot({ path: file });
    console.log(file);
    await context.close();
  };
}
