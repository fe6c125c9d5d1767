import { absoluteText } from '../../console/src/lib/time';
import { steadyItems } from '../../console/src/lib/steady-items';
import { describeConsole, startConsole, type ConsoleHarness } from './console-harness';
import { settled } from './screens/test-screens';

const text = (held: string, latest: string) => steadyItems([...held], [...latest], (each) => each).join('');

describe('held items', () => {
  it('keep their order, without the new items before and between them', () => {
    expect(text('abc', 'xaybc')).toBe('abc');
    expect(text('abc', 'cab')).toBe('abc');
  });

  it('remain if they are no longer in the list', () => {
    expect(text('abc', 'xac')).toBe('abc');
  });

  it('are followed by the items of the next page', () => {
    expect(text('abc', 'xabcde')).toBe('abcde');
    expect(text('abc', 'abcba')).toBe('abc');
  });

  it('are shown as they are now', () => {
    const held = [{ id: 1, status: 'firing' }];
    const latest = [{ id: 1, status: 'resolved' }];
    expect(steadyItems(held, latest, ({ id }) => String(id))).toEqual(latest);
  });
});

it('shows midnight as 00:00 in absolute times', () => {
  expect(absoluteText(new Date(2026, 10, 29, 0, 5).getTime())).toMatch(/\b00:05:00/);
});

describeConsole('a live list', () => {
  let screens: ConsoleHarness;
  beforeAll(async () => {
    screens = await startConsole();
    for (const name of ['First', 'Second']) await fire(name);
  });
  afterAll(() => screens.end());

  const fire = (name: string) =>
    screens.post('/ingest/alertmanager', {
      ...{ version: '4', status: 'firing' },
      alerts: [
        {
          ...{ status: 'firing', fingerprint: name, startsAt: new Date().toISOString() },
          ...{ labels: { alertname: name, severity: 'critical' }, annotations: {} },
        },
      ],
    });

  it.each([
    ['of alerts', '/alerts', 'Third'],
    ['on the first screen', '/now', 'Fourth'],
  ])('%s does not move items under the pointer, and shows new items when the pointer leaves', async (_, path, name) => {
    const { page } = await screens.open(path);
    await settled(page);
    await page.getByText('Live', { exact: true }).waitFor();
    const second = page.getByRole('link', { name: 'Second', exact: true });
    await second.hover();
    const before = await second.boundingBox();
    const read = page.waitForResponse(
      async (answer) => answer.url().includes('/api/v1/alerts') && (await answer.text()).includes(name),
    );
    await fire(name);
    await read;
    // Long enough to render the response.
    await page.waitForTimeout(300);
    const box = await second.boundingBox();
    expect(box).toEqual(before);
    expect(await page.getByRole('link', { name, exact: true }).count()).toBe(0);
    await page.getByRole('heading', { level: 1 }).hover();
    await page.getByRole('link', { name, exact: true }).waitFor({ timeout: 1_000 });
  });

  it('shows new items although the pointer rests on it', async () => {
    const { page } = await screens.open('/alerts');
    await settled(page);
    await page.getByRole('link', { name: 'Second', exact: true }).hover();
    await fire('Fifth');
    await page.getByRole('link', { name: 'Fifth', exact: true }).waitFor({ timeout: 15_000 });
  });

  it('copies ids also on a page without a secure context, where browsers have no clipboard API', async () => {
    const { page } = await screens.open('/alerts/Second');
    await page.addInitScript(`
      Object.defineProperty(window, 'isSecureContext', { value: false });
      Object.defineProperty(navigator, 'clipboard', { value: undefined });
    `);
    await page.reload();
    const button = page.getByRole('button', { name: 'Copy Second' });
    await button.click();
    await page.getByText('Copied', { exact: true }).waitFor({ state: 'attached' });
    await page.goto(`${screens.api.url}/console/runs`);
    await page.getByLabel('Search runs').focus();
    await page.keyboard.press('ControlOrMeta+v');
    expect(await page.getByLabel('Search runs').inputValue()).toBe('Second');
  });
});
