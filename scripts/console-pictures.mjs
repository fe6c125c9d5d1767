// Takes the screenshots for docs/console.md from a service that "fermata demo" has started. First adds systems, alerts
// and runs for the screenshots to show. Needs a build, Chromium (or CHROMIUM=path), and the address and an admin token
// of the service:
//   node scripts/console-pictures.mjs http://127.0.0.1:8080 TOKEN [DIRECTORY]
import { camera, launch, PHONE, serviceAt, until } from './console-camera.mjs';

const [origin, token, directory = 'docs/images'] = process.argv.slice(2);
if (origin === undefined || token === undefined) {
  console.error('usage: node scripts/console-pictures.mjs ADDRESS TOKEN [DIRECTORY]');
  process.exit(2);
}
const service = serviceAt(origin, token);
const { call, automation } = service;

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
    group: 'on-call',
    triggers: [
      { id: 'fired', event: 'alert.fired', filter: 'trigger.payload.severity == "critical"' },
      { id: 'held', event: 'alert.fired', for: { minutes: 15 } },
    ],
    conditions: ['!health.system.in_maintenance'],
    actions: [{ id: 'page', action: 'automation.log', config: { message: 'Page: {{ trigger.payload.name }}' } }],
  });
  const fails = await automation('Open a ticket for each deploy', {
    group: 'deploys',
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
    group: 'deploys',
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

const { pages, failed, waiting, silent, objective, incident, disks } = await fill();
const browser = await launch();
const take = camera(browser, service, directory);
try {
  await take('console-now', '/now');
  await take('console-automations', '/automations');
  await take('console-automation', `/automations/${pages}`);
  await take('console-editor', `/automations/${disks}/edit`);
  await take('console-why', `/why/${silent}`);
  await take('console-runs', '/runs');
  await take('console-run', `/runs/${waiting}`);
  await take('console-run-dark', `/runs/${failed}`, { colorScheme: 'dark' });
  await take('console-run-390', `/runs/${failed}`, { viewport: PHONE });
  await take('console-alert', '/alerts/checkout-errors');
  await take('console-objective', `/slos/${objective}`);
  await take('console-system', '/systems/checkout');
  await take('console-alerts', '/alerts');
  await take('console-incident', `/incidents/${incident}`);
  await take('console-maintenances', '/maintenances');
  await take('console-map', '/systems?view=map');
  await take('console-entities', '/entities');
  await take('console-connections', '/connections');
  await take('console-scripts', '/scripts');
  await take('console-access', '/system');
} finally {
  await browser.close();
}
