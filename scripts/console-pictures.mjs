// Takes the screenshots for docs/console.md from a service that "fermata demo" has started. First adds systems, alerts
// and runs for the screenshots to show. Needs a build, Chromium (or CHROMIUM=path), and the address and an admin token
// of the service:
//   node scripts/console-pictures.mjs http://127.0.0.1:8080 TOKEN [DIRECTORY]
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [origin, token, directory = 'docs/images'] = process.argv.slice(2);
if (origin === undefined || token === undefined) {
  console.error('usage: node scripts/console-pictures.mjs ADDRESS TOKEN [DIRECTORY]');
  process.exit(2);
}
const WAIT_MS = 60_000;

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

/** Calls `find` until it returns something. @throws {Error} after one minute */
async function until(what, find) {
  const end = Date.now() + WAIT_MS;
  while (Date.now() < end) {
    const found = await find();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`No ${what} after a minute.`);
}

/** Returns the id of the automation with the given name. Saves the document if there is no such automation. */
async function automation(name, document) {
  const { items } = await call('GET', `/automations?limit=200&q=${encodeURIComponent(name)}`);
  const found = items.find((item) => item.name === name);
  return found === undefined ? (await call('POST', '/automations', { name, ...document })).id : found.id;
}

/** Returns the id of the objective of a system. Creates it if the system has none. */
async function objectiveOf(systemId, name) {
  const { items } = await call('GET', '/slos?limit=200');
  const found = items.find((item) => item.systemId === systemId);
  return (found ?? (await call('POST', '/slos', { systemId, name, target: 99.5, windowDays: 7 }))).id;
}

const alert = (fingerprint, labels, summary) => ({
  ...{ status: 'firing', fingerprint, startsAt: new Date(Date.now() - 240_000).toISOString() },
  labels: { severity: 'critical', ...labels },
  annotations: { summary, runbook_url: 'https://runbooks.example.org/disk-full' },
});

const SYSTEMS = [
  ['checkout', 'Checkout', 'Takes orders and asks payments for the money'],
  ['payments', 'Payments', 'Talks to the banks'],
  ['orders-db', 'Database of orders', 'Primary and two replicas'],
];

const onEvent = (type) => [{ id: 'asked', event: 'automation.event', config: { type } }];

/** Adds the data that the screenshots show. Returns the addresses of the screens. */
async function fill() {
  for (const [id, name, description] of SYSTEMS) await call('POST', '/systems', { id, name, description });
  const { items: edges } = await call('GET', '/dependencies?limit=200');
  if (edges.length === 0) {
    for (const [sourceSystemId, targetSystemId] of [
      ['checkout', 'payments'],
      ['checkout', 'orders-db'],
      ['payments', 'orders-db'],
    ])
      await call('POST', '/dependencies', { sourceSystemId, targetSystemId, impactType: 'critical' });
  }
  const pages = await automation('Page for critical alerts of checkout', {
    description: 'Pages the people on call, unless the system is in maintenance',
    group: 'On call',
    triggers: [
      { id: 'fired', event: 'alert.fired', filter: 'trigger.payload.severity == "critical"' },
      { id: 'held', event: 'alert.fired', for: { minutes: 15 } },
    ],
    conditions: ['!health.system.in_maintenance'],
    actions: [{ id: 'page', action: 'automation.log', config: { message: 'Page: {{ trigger.payload.name }}' } }],
  });
  const fails = await automation('Open a ticket for each deploy', {
    group: 'Delivery',
    mode: 'parallel',
    triggers: onEvent('deploy.finished'),
    actions: [
      { id: 'note', action: 'automation.log', config: { message: 'Deploy of {{ trigger.payload.subject }}' } },
      { id: 'collect', variables: { service: '{{ trigger.payload.subject }}', attempts: 3 } },
      {
        id: 'ticket',
        action: 'integration-webhook.send',
        config: { url: 'http://127.0.0.1:9/tickets', body: { title: 'Deploy of {{ trigger.payload.subject }}' } },
        retry: { max_attempts: 3, initial_seconds: 1 },
      },
    ],
  });
  const waits = await automation('Announce and roll out', {
    group: 'Delivery',
    mode: 'parallel',
    triggers: onEvent('release.approved'),
    actions: [
      { id: 'note', action: 'automation.log', config: { message: 'Approved {{ trigger.payload.subject }}' } },
      { id: 'announce', action: 'automation.emit_event', config: { type: 'deploy.finished', subject: 'checkout 4.2' } },
      {
        parallel: [
          { id: 'soak', delay: { minutes: 40 } },
          { id: 'report', action: 'automation.log', config: { message: 'Rolled out to the first of three zones' } },
        ],
      },
      { id: 'done', action: 'automation.log', config: { message: 'Rolled out to all zones' } },
    ],
  });
  const payload = (subject) => ({ payload: { type: 'x', subject, data: {} } });
  const failed = (await call('POST', `/automations/${fails}/runs`, payload('payments 2.9'))).runId;
  for (let count = 0; count < 5; count += 1)
    await call('POST', `/automations/${pages}/runs`, { payload: { name: 'DiskFull', severity: 'critical' } });
  const waiting = (await call('POST', `/automations/${waits}/runs`, payload('checkout 4.2'))).runId;
  await call('POST', '/ingest/alertmanager', {
    ...{ version: '4', status: 'firing' },
    alerts: [
      alert('checkout-errors', { alertname: 'ErrorRateHigh', system: 'checkout' }, '7 % of orders fail'),
      alert(
        'orders-db-lag',
        { alertname: 'ReplicaLag', system: 'orders-db', severity: 'warning' },
        'Replica is 90 s late',
      ),
    ],
  });
  await until('failed run', async () => (await call('GET', `/runs/${failed}`)).run.status === 'failed');
  await until('waiting run', async () => (await call('GET', `/runs/${waiting}`)).run.status === 'waiting');
  const silent = await until('routed change', async () => {
    const { items } = await call('GET', '/changes?entity=orders-db-lag&kind=alert&limit=1');
    return items[0]?.routedAt && items[0].changeId;
  });
  const objective = await objectiveOf('checkout', 'Checkout is up');
  const { items: incidents } = await call('GET', '/incidents?limit=1');
  const { items: planned } = await call('GET', '/maintenances?limit=1');
  if (planned.length === 0) {
    const hours = (count) => new Date(Date.now() + count * 3_600_000).toISOString();
    await call('POST', '/maintenances', {
      ...{ title: 'Upgrade of the orders database', systemIds: ['orders-db'] },
      ...{ startAt: hours(20), endAt: hours(22), suppressNotifications: true },
    });
  }
  const incident = incidents[0]?.id;
  return { pages, failed, waiting, silent, objective, incident, disks: await automation('Clean up full disks', {}) };
}

async function take(browser, name, path, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const { path: link } = await call('POST', '/session/links', {});
  await page.goto(`${origin}${link}`);
  await page.getByRole('button', { name: 'Sign out' }).waitFor({ state: 'attached' });
  await page.goto(`${origin}/console${path}`);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'detached' });
  await page.evaluate('document.fonts.ready');
  await page.waitForTimeout(1_500);
  const file = join(directory, `${name}.png`);
  await page.screenshot({ path: file });
  console.log(file);
  await context.close();
}

const { pages, failed, waiting, silent, objective, incident, disks } = await fill();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu'],
});
try {
  await take(browser, 'console-now', '/now');
  await take(browser, 'console-automations', '/automations');
  await take(browser, 'console-automation', `/automations/${pages}`);
  await take(browser, 'console-editor', `/automations/${disks}/edit`);
  await take(browser, 'console-why', `/why/${silent}`);
  await take(browser, 'console-runs', '/runs');
  await take(browser, 'console-run', `/runs/${waiting}`);
  await take(browser, 'console-run-dark', `/runs/${failed}`, { colorScheme: 'dark' });
  await take(browser, 'console-run-390', `/runs/${failed}`, { viewport: { width: 390, height: 844 } });
  await take(browser, 'console-alert', '/alerts/checkout-errors');
  await take(browser, 'console-objective', `/slos/${objective}`);
  await take(browser, 'console-system', '/systems/checkout');
  await take(browser, 'console-alerts', '/alerts');
  await take(browser, 'console-incident', `/incidents/${incident}`);
  await take(browser, 'console-maintenances', '/maintenances');
  await take(browser, 'console-map', '/systems?view=map');
  await take(browser, 'console-entities', '/entities');
  await take(browser, 'console-connections', '/connections');
  await take(browser, 'console-scripts', '/scripts');
  await take(browser, 'console-access', '/system');
} finally {
  await browser.close();
}
