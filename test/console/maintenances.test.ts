import { BASE } from '../integration/api-harness';
import { describeConsole, startConsole, type ConsoleHarness } from './console-harness';

const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();

describeConsole('maintenances in the console', () => {
  let screens: ConsoleHarness;
  beforeAll(async () => {
    screens = await startConsole();
    await screens.post('/systems', { id: 'checkout', name: 'Checkout' });
  });
  afterAll(() => screens.end());

  it('plans a maintenance, shows it in the calendar and cancels it', async () => {
    await screens.post('/maintenances', {
      title: 'Move the rack',
      systemIds: ['checkout'],
      startAt: inHours(30),
      endAt: inHours(31),
    });
    const { page } = await screens.open('/maintenances');
    await page
      .getByRole('list', { name: 'Next two weeks' })
      .getByRole('link', { name: 'Move the rack' })
      .first()
      .click();
    // The list also has a button "cancelled", and remains visible until the next screen has loaded.
    await page.getByRole('heading', { name: 'Move the rack' }).waitFor();
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.locator('.page-sub [data-status="cancelled"]').waitFor();
  });

  it('shows every planned maintenance in the calendar, whatever the list shows, and no cancelled one', async () => {
    const plan = (title: string, hours: number) =>
      screens.post('/maintenances', {
        ...{ title, systemIds: ['checkout'], startAt: inHours(hours), endAt: inHours(hours + 1) },
      });
    await plan('Replace the switch', 50);
    const { id } = await plan('Drop the old tables', 51);
    await screens.api.call('PATCH', `${BASE}/maintenances/${String(id)}`, { body: { status: 'cancelled' } });
    // The list shows the newest 100 at first.
    for (let count = 0; count < 100; count++) await plan('In three months', 90 * 24);
    const { page, problems } = await screens.open('/maintenances');
    const calendar = page.getByRole('list', { name: 'Next two weeks' });
    await calendar.getByRole('link', { name: 'Replace the switch' }).first().waitFor();
    const table = page.getByRole('region', { name: 'Maintenances' });
    expect(await table.getByRole('link', { name: 'Replace the switch' }).count()).toBe(0);
    await page.getByRole('group', { name: 'Status' }).getByRole('button', { name: 'cancelled' }).click();
    await table.getByRole('link', { name: 'Drop the old tables' }).waitFor();
    await calendar.getByRole('link', { name: 'Replace the switch' }).first().waitFor();
    expect(await calendar.getByRole('link', { name: 'Drop the old tables' }).count()).toBe(0);
    expect(problems).toEqual([]);
  });

  it('has each day once in the calendar, also when the clocks change', async () => {
    const { page } = await screens.open('/maintenances', { timezoneId: 'Europe/Berlin', locale: 'en-GB' });
    await page.clock.setFixedTime('2026-10-24T15:00:00Z');
    await page.reload();
    const calendar = page.getByRole('list', { name: 'Next two weeks' });
    await calendar.getByText('24 Oct').waitFor();
    const shown = (await calendar.locator('.cell-sub').allTextContents()).map((text) => /\d+ \w+/.exec(text)?.[0]);
    expect(shown.slice(0, 4)).toEqual(['24 Oct', '25 Oct', '26 Oct', '27 Oct']);
  });
});
