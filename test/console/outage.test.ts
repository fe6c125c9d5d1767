import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Page } from 'playwright-core';
import { describeConsole, openPage, startConsole, type ConsoleHarness } from './console-harness';
import { settled } from './screens/test-screens';

/** A TCP proxy in front of the API. It can go down, or stop forwarding without closing its connections. */
class Proxy {
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;
  private port = 0;
  private frozen = false;

  constructor(target: string) {
    this.server = createServer((inbound) => {
      const outbound = connect(Number(new URL(target).port), '127.0.0.1');
      for (const [socket, other] of [
        [inbound, outbound],
        [outbound, inbound],
      ] as const) {
        this.sockets.add(socket);
        socket.on('error', () => socket.destroy());
        socket.on('close', () => {
          this.sockets.delete(socket);
          other.destroy();
        });
        socket.on('data', (data) => void (this.frozen ? undefined : other.write(data)));
      }
    });
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    this.frozen = false;
    await new Promise<void>((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.sockets.forEach((socket) => socket.destroy());
    await closed;
  }

  freeze(): void {
    this.frozen = true;
  }
}

const alert = (name: string) => ({
  ...{ version: '4', status: 'firing' },
  alerts: [
    {
      ...{ status: 'firing', fingerprint: name, startsAt: new Date().toISOString() },
      ...{ labels: { alertname: name }, annotations: {} },
    },
  ],
});

describeConsole('an outage of the API', () => {
  let screens: ConsoleHarness;
  let proxy: Proxy;
  beforeAll(async () => {
    screens = await startConsole();
    await screens.post('/ingest/alertmanager', alert('BeforeTheOutage'));
  });
  afterAll(() => screens.end());
  beforeEach(async () => {
    proxy = new Proxy(screens.api.url);
    await proxy.start();
  });
  afterEach(() => proxy.stop());

  async function openNow(): Promise<Page> {
    const { path } = await screens.post('/session/links', {});
    const { page } = await openPage(screens.browser, proxy.origin, String(path));
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    await page.goto(`${proxy.origin}/console/now`);
    await settled(page);
    await page.getByText('Live', { exact: true }).waitFor();
    return page;
  }

  const notice = (page: Page) => page.getByText('The API cannot be reached. Data may be out of date.');

  it('is announced once, does not move the screen, and is followed by a read of everything', async () => {
    const page = await openNow();
    await page.getByRole('link', { name: 'BeforeTheOutage' }).waitFor();
    const panel = page.getByRole('region', { name: 'Dead letters' });
    const before = await panel.boundingBox();
    await proxy.stop();
    await notice(page).waitFor();
    // The first panel whose reads have failed for good; the others have the same interval.
    await page.getByText('The API cannot be reached', { exact: true }).waitFor({ timeout: 60_000 });
    await page.waitForTimeout(2_000);
    expect(await page.locator('.problem').count()).toBe(0);
    expect(await panel.boundingBox()).toEqual(before);
    await screens.post('/ingest/alertmanager', alert('DuringTheOutage'));
    await proxy.start();
    await page.getByRole('link', { name: 'DuringTheOutage' }).waitFor();
    await notice(page).waitFor({ state: 'detached' });
  }, 150_000);

  it('delays a screen whose script it interrupts, without a reload of the page', async () => {
    const page = await openNow();
    await page.evaluate('window.loadedBeforeTheOutage = true');
    await proxy.stop();
    await page.getByRole('link', { name: 'Incidents' }).click();
    await notice(page).waitFor();
    await page.waitForTimeout(1_000);
    expect(await page.getByRole('link', { name: 'Incidents' }).count()).toBe(1);
    await proxy.start();
    await page.getByRole('heading', { name: 'Incidents', level: 1 }).waitFor();
    expect(await page.evaluate('window.loadedBeforeTheOutage')).toBe(true);
  }, 90_000);

  it('is noticed if the network is lost, which does not end the event stream', async () => {
    const page = await openNow();
    proxy.freeze();
    await notice(page).waitFor();
    await proxy.stop();
    await proxy.start();
    await notice(page).waitFor({ state: 'detached' });
    await page.getByText('Live', { exact: true }).waitFor();
  }, 90_000);

  it('is not assumed if the browser reports that it is offline', async () => {
    const page = await openNow();
    await page.evaluate("window.dispatchEvent(new Event('offline'))");
    await page.getByRole('link', { name: 'Alerts', exact: true }).click();
    await page.getByRole('link', { name: 'BeforeTheOutage' }).waitFor();
  }, 60_000);
});
