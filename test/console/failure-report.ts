import type { Page, Request } from 'playwright-core';

/** The same symbol as in environment.ts, which runs in another context. */
const ON_FAILURE = Symbol.for('fermata.test.onFailure');
/** Milliseconds to wait for a page. The limit prevents a page that hangs from blocking the report on the others. */
const ANSWER_MS = 5_000;
const TEXT_LENGTH = 1_500;

/** Script that records in the page which elements were clicked, and on which screen. */
const KEEP_CLICKS = `window.clicked = [];
addEventListener('click', ({ target }) => {
  const element = target.closest?.('a, button, [role], label, input') ?? target;
  window.clicked.push(element.tagName.toLowerCase() + ' "' + element.textContent.trim().slice(0, 60) + '" at ' + location.pathname);
}, true);`;

interface Watched {
  page: Page;
  test: string;
  /** Requests that have not been answered yet. */
  open: Set<Request>;
  /** Descriptions of requests that the server refused or that failed. */
  refused: string[];
}

let watched: Watched[] = [];

const currentTest = () => expect.getState().currentTestName ?? '';
const nameOf = (request: Request) => `${request.method()} ${request.url()}`;

/** Prints what this page shows if the current test fails. Call it before the page loads anything. */
export async function reportOnFailure(page: Page): Promise<void> {
  await page.addInitScript(KEEP_CLICKS);
  const open = new Set<Request>();
  const refused: string[] = [];
  page.on('request', (request) => open.add(request));
  page.on('requestfinished', (request) => open.delete(request));
  page.on('requestfailed', (request) => {
    open.delete(request);
    const reason = request.failure()?.errorText ?? 'failed';
    // The page aborts its requests when it shows another screen.
    if (reason !== 'net::ERR_ABORTED') refused.push(`${nameOf(request)}: ${reason}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) refused.push(`${nameOf(response.request())}: ${response.status()}`);
  });
  watched = watched.filter((each) => !each.page.isClosed());
  watched.push({ page, test: currentTest(), open, refused });
  (globalThis as unknown as Record<symbol, unknown>)[ON_FAILURE] = report;
}

async function report(): Promise<void> {
  const pages = watched.filter(({ page, test }) => test === currentTest() && !page.isClosed());
  const texts = await Promise.all(pages.map(describePage));
  console.log([`the pages of the failed test "${currentTest()}":`, ...texts].join('\n\n'));
}

async function describePage({ page, open, refused }: Watched): Promise<string> {
  const list = (title: string, lines: readonly string[]) =>
    `${title}: ${lines.length === 0 ? 'none' : lines.map((line) => `\n  ${line}`).join('')}`;
  const [clicked, alerts, text] = await Promise.all([
    inTime(page.evaluate('window.clicked') as Promise<string[]>, []),
    inTime(page.getByRole('alert').allInnerTexts(), []),
    inTime(page.locator('main, body').last().innerText(), 'no answer'),
  ]);
  return [
    page.url(),
    list('clicked', clicked),
    list('alerts', alerts),
    list('refused or failed requests', refused),
    list('requests without an answer', [...open].map(nameOf)),
    `text: ${text.slice(0, TEXT_LENGTH)}`,
  ].join('\n');
}

const inTime = <T>(answer: Promise<T>, otherwise: T): Promise<T> =>
  Promise.race([
    answer.catch(() => otherwise),
    new Promise<T>((resolve) => setTimeout(() => resolve(otherwise), ANSWER_MS).unref()),
  ]);
