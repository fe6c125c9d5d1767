// Takes the screenshots of states for docs/console.md: empty, loading, failed, long names, long runs. Needs a build,
// Chromium (or CHROMIUM=path), a service that "fermata demo" has started, and one that "fermata dev" has started with an
// empty FERMATA_HOME, each with its address and an admin token. Adds data to the first service, among it a run of 10,000
// steps, which takes some minutes. With NAME, takes only screenshots whose name contains it:
//   node scripts/console-state-pictures.mjs http://127.0.0.1:8080 TOKEN http://127.0.0.1:8081 TOKEN [DIRECTORY] [NAME]
import { camera, launch, PHONE, serviceAt, settle, until } from './console-camera.mjs';

const [origin, token, newOrigin, newToken, directory = 'docs/images', wanted = ''] = process.argv.slice(2);
if (newToken === undefined) {
  console.error(
    'usage: node scripts/console-state-pictures.mjs ADDRESS TOKEN NEW_ADDRESS NEW_TOKEN [DIRECTORY] [NAME]',
  );
  process.exit(2);
}
const service = serviceAt(origin, token);
const empty = serviceAt(newOrigin, newToken);
const { call, automation } = service;
/** Time in milliseconds for the run of 10,000 steps. */
const LONG_MS = 1_800_000;

/** A word of 110 characters without a place at which a line could break. */
const WORD = 'cluster-eu-central-1-availability-zone-a-rack-17-'.repeat(3).slice(0, 110);
const LONG = {
  automation: `Drain and restart every node of ${WORD} that has corrected memory errors`,
  system: `Kubernetes nodes of ${WORD} with their disks and switches`,
  systemId: WORD.slice(0, 100),
  alert: `NodeMemoryErrorsCorrectedRateAboveThresholdForMoreThanFifteenMinutesInAvailabilityZoneA`,
};

const onEvent = (type) => [{ id: 'asked', event: 'automation.event', config: { type } }];
const log = (message) => ({ action: 'automation.log', config: { message } });

/** An automation whose run has twice as many steps as the fleet has hosts, and two more. Few of the steps fail. */
const FLEET = {
  ...{ group: 'Fleet', mode: 'parallel', triggers: onEvent('fleet.check') },
  actions: [
    {
      repeat: {
        ...{ count: 'trigger.payload.data.hosts', max_iterations: 5_000 },
        sequence: [
          {
            id: 'measure_latency',
            variables: {
              host: 'web-{{ repeat.index }}.example.org',
              latencyMs: "{{ repeat.index % 250 == 37 ? 'timeout' : 12 + repeat.index % 7 }}",
            },
          },
          {
            ...{ id: 'record_answer', continue_on_error: true },
            ...log('{{ var.host }} answered in {{ var.latencyMs / 1000 }} s'),
          },
        ],
      },
    },
    { id: 'report', ...log('Checked {{ trigger.payload.data.hosts }} hosts') },
  ],
};

/** Returns the id of a run of the fleet automation. Starts it if there is none for this number of hosts. */
async function fleetRun(id, hosts) {
  const subject = `fleet of ${hosts} hosts`;
  const { items } = await call('GET', `/runs?automationId=${id}&limit=50`);
  for (const { id: runId } of items) {
    const { scope } = await call('GET', `/runs/${runId}/scope`).catch(() => ({}));
    if (scope?.trigger?.payload?.subject === subject) return runId;
  }
  const payload = { type: 'fleet.check', subject, data: { hosts } };
  return (await call('POST', `/automations/${id}/runs`, { payload })).runId;
}

const isEnded = async (id) => (await call('GET', `/runs/${id}`)).run.finishedAt !== null;

/** Adds an automation, a system, an alert and a run with long names. Returns the ids of the automation and the run. */
async function addLongNames() {
  const id = await automation(LONG.automation, {
    ...{ group: WORD, mode: 'parallel' },
    description: `Cordons the node, waits until its pods have moved, and restarts it. Owner: ${WORD}.`,
    triggers: [
      {
        id: `too_many_corrected_memory_errors_on_a_node_of_the_cluster`,
        event: 'alert.fired',
        filter: `trigger.payload.labels.cluster == "${WORD}" && trigger.payload.severity in ["critical", "warning"]`,
      },
    ],
    actions: [
      { id: 'cordon_the_node_so_that_no_new_pods_are_placed_on_it', ...log(`Cordon ${WORD}`) },
      {
        repeat: {
          count: 2,
          sequence: [{ id: 'wait_until_all_pods_have_moved_to_other_nodes', ...log('Moved {{ repeat.index }}') }],
        },
      },
    ],
  });
  await call('POST', '/systems', { id: LONG.systemId, name: LONG.system, description: `Owned by ${WORD}` });
  await call('POST', '/dependencies', {
    ...{ sourceSystemId: 'checkout', targetSystemId: LONG.systemId, impactType: 'critical' },
  }).catch(() => undefined);
  await call('POST', '/ingest/alertmanager', {
    ...{ version: '4', status: 'firing' },
    alerts: [
      {
        ...{ status: 'firing', fingerprint: 'long-names', startsAt: new Date(Date.now() - 600_000).toISOString() },
        labels: { alertname: LONG.alert, system: LONG.systemId, cluster: WORD, severity: 'critical' },
        annotations: {
          summary: `${WORD}: more than three corrected memory errors`,
          runbook_url: `https://runbooks.example.org/${WORD}/memory-errors`,
        },
      },
    ],
  });
  const run = await until('run with long names', async () => {
    const { items } = await call('GET', `/runs?automationId=${id}&status=success&limit=1`);
    return items[0]?.id;
  });
  return { id, run };
}

/** Adds an automation for the screenshots of the editor. Returns its id. */
const addEdited = () =>
  automation('Restart the checkout workers', {
    ...{ group: 'deploys', triggers: onEvent('deploy.finished') },
    actions: [{ id: 'note', ...log('Restarting {{ trigger.payload.subject }}') }],
  });

const EDITED = `name: Restart the checkout workers
group: deploys
triggers:
  - id: asked
    event: automation.event
    config:
      type: deploy.finished
actions:
`;
/** Actions with findings that the page makes. */
const FAULTY = `${EDITED}  - id: note
    action: automation.log
    config:
      mesage: "Restarting {{ trigger.payload.subject | uper }}"
  - delay: { minuts: 5 }
`;
/** Actions with findings that only the API makes: the token is missing. */
const REFUSED = `${EDITED}  - id: restart
    action: integration-webhook.send
    config:
      url: https://deploy.example.org/restart
      authType: bearer
      body:
        service: "{{ trigger.payload.subject }}"
`;

/** Replaces the text of the editor as a user would. */
async function write(page, text) {
  await page.getByLabel('Definition').click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.insertText(text);
}

const API = /\/api\/v1\/|\/healthz|\/readyz/;
/** Makes all requests to the API fail, as if the network were down. */
const cut = (page) => page.route(API, (route) => route.abort());

const browser = await launch();
const takeOf = camera(browser, service, directory);
const take = async (name, ...rest) => name.includes(wanted) && (await takeOf(name, ...rest));
const takeEmptyOf = camera(browser, empty, directory);
const takeEmpty = async (name, ...rest) => name.includes(wanted) && (await takeEmptyOf(name, ...rest));

async function emptyStates() {
  await takeEmpty('console-empty-now', '/now');
  await takeEmpty('console-empty-automations', '/automations');
  await takeEmpty('console-empty-runs', '/runs');
  await takeEmpty('console-empty-alerts', '/alerts');
  await take('console-no-match', '/runs?q=no-such-host&status=failed');
}

async function loadingAndErrors(edited) {
  await take('console-loading-runs', '/runs', {
    settled: false,
    prepare: (page) => page.route(/\/api\/v1\/runs/, () => undefined),
    act: (page) => page.getByRole('status', { name: 'Loading' }).first().waitFor(),
  });
  await take('console-unreachable', '/runs', {
    act: async (page) => {
      await cut(page);
      // The open event stream is not intercepted, so the page is taken offline, too.
      await page.context().setOffline(true);
      await page.getByText('The API cannot be reached').first().waitFor();
      await page.waitForTimeout(1_000);
    },
  });
  await take('console-not-found', '/runs/01a00000-0000-7000-8000-000000000000');
  await take('console-editor-findings', `/automations/${edited}/edit`, {
    act: async (page) => {
      await write(page, FAULTY);
      await page.getByText(/^Findings/).waitFor();
      await page.waitForTimeout(2_500);
    },
  });
  await take('console-editor-refused', `/automations/${edited}/edit`, {
    prepare: (page) => page.route(/\/api\/v1\/automations\/validate/, (route) => route.abort()),
    act: async (page) => {
      await write(page, REFUSED);
      await page.waitForTimeout(1_000);
      await page.getByRole('button', { name: 'Save as new version' }).click();
      await page.getByRole('alert').waitFor();
    },
  });
}

async function longNames({ id, run }) {
  for (const [suffix, options] of [
    ['', {}],
    ['-390', { viewport: PHONE }],
  ]) {
    await take(`console-long-automations${suffix}`, '/automations?q=Drain', options);
    await take(`console-long-automation${suffix}`, `/automations/${id}`, options);
    await take(`console-long-run${suffix}`, `/runs/${run}`, options);
    await take(`console-long-alert${suffix}`, '/alerts/long-names', options);
    await take(`console-long-system${suffix}`, `/systems/${LONG.systemId}`, options);
  }
}

async function longRuns(short, long) {
  await take('console-run-200-steps', `/runs/${short}`);
  await until('end of the run of 10,000 steps', () => isEnded(long), LONG_MS);
  const loaded = (page) => page.getByText('Steps (10,000)').waitFor();
  await take('console-run-10000-steps', `/runs/${long}`, {
    act: async (page) => {
      await loaded(page);
      await page.getByRole('button', { name: /^failed/ }).click();
      await settle(page);
    },
  });
  await take('console-run-10000-graph', `/runs/${long}?view=graph`, {
    act: async (page) => {
      await loaded(page);
      await settle(page);
    },
  });
  await take('console-run-10000-steps-390', `/runs/${long}`, { viewport: PHONE, act: loaded });
}

try {
  const fleet = await automation('Check every host of the fleet', FLEET);
  const long = await fleetRun(fleet, 4_999);
  const short = await fleetRun(fleet, 99);
  const named = await addLongNames();
  const edited = await addEdited();
  await emptyStates();
  await loadingAndErrors(edited);
  await longNames(named);
  await longRuns(short, long);
} finally {
  await browser.close();
}
