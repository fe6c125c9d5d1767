import { describeConsole, startConsole, type ConsoleHarness } from './console-harness';
import { settled } from './screens/test-screens';

interface DOMRectLike {
  left: number;
  right: number;
}

describeConsole('moving between the screens of the console', () => {
  let screens: ConsoleHarness;
  beforeAll(async () => {
    screens = await startConsole();
  });
  afterAll(() => screens.end());

  it('is reached from the keyboard alone', async () => {
    const { page } = await screens.open('/now');
    await settled(page);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
    for (let tabs = 0; tabs < 20; tabs += 1) {
      await page.keyboard.press('Tab');
      if ((await page.evaluate('document.activeElement.textContent.trim()')) === 'Incidents') break;
    }
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Incidents' }).waitFor();
  });

  it('shows at 390 px where one is, and moves between tabs by arrows', async () => {
    const { page } = await screens.open('/system?tab=refused', { viewport: { width: 390, height: 844 } });
    await settled(page);
    const inView = (selector: string) =>
      page.locator(selector).evaluate((element) => {
        const { left, right } = (
          element as unknown as { getBoundingClientRect(): DOMRectLike }
        ).getBoundingClientRect();
        return left >= 0 && right <= 390;
      });
    expect(await inView('nav [aria-current=page]')).toBe(true);
    expect(await inView('[role=tab][aria-selected=true]')).toBe(true);
    await page.getByRole('tab', { name: 'Refused deliveries' }).focus();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    await page.getByRole('tab', { name: 'Dead letters', selected: true }).waitFor();
  });
});
