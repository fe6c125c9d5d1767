import { BASE } from '../../integration/api-harness';
import type { ConsoleHarness } from '../console-harness';
import { failRun } from '../fail-run';

/** Texts that would run code or load something if a screen treated them as HTML, a link or a style. */
const HOSTILE = [
  '<img src=x onerror="window.hacked=1">',
  '<script>window.hacked=1</script>',
  '"><svg onload=window.hacked=1>',
  'javascript:window.hacked=1',
  '[click](javascript:window.hacked=1) ![i](http://elsewhere.test/i.png)',
  '<style>@import "http://elsewhere.test/a.css"</style>',
].join(' ');
/** Text for names, which have at most 200 characters. */
const TITLE = HOSTILE.slice(0, 190);
const LONG = 'a name that goes on and on without an end, for all of this line and then some more of it';

/** A screen's address, and its name in screenshots and findings. */
export type ScreenPath = readonly [name: string, path: string];

/** Creates data for every screen, with long and malicious texts. Returns the addresses of the screens by group. */
export async function fillScreens(harness: ConsoleHarness) {
  const { automationId, runId } = await fillAutomations(harness);
  const { incidentId, maintenanceId, sloId } = await fillOperations(harness);
  const changes = await harness.api.call('GET', `${BASE}/changes?kind=alert&limit=1`);
  const changeId = String((changes.body['items'] as { changeId: string }[])[0]?.changeId);
  await fillSetup(harness);
  return {
    automations: [
      ['automations', '/automations'],
      ['automation', `/automations/${automationId}`],
      ['automation-refused', `/automations/${automationId}?tab=evaluations`],
      ['automation-versions', `/automations/${automationId}?tab=versions`],
      ['automation-graph', `/automations/${automationId}?view=graph`],
      ['editor', `/automations/${automationId}/edit`],
      ['editor-new', '/automations/new'],
      ['editor-graph', `/automations/${automationId}/edit?view=graph`],
    ],
    runs: [
      ['now', '/now'],
      ['runs', '/runs'],
      ['run', `/runs/${runId}`],
      ['run-graph', `/runs/${runId}?view=graph`],
    ],
    operations: [
      ['alerts', '/alerts'],
      ['silences', '/alerts?tab=silences'],
      ['alert', '/alerts/f00d'],
      ['why', '/why'],
      ['change', `/why/${changeId}`],
      ['incidents', '/incidents'],
      ['incident', `/incidents/${incidentId}`],
      ['maintenances', '/maintenances'],
      ['maintenance', `/maintenances/${maintenanceId}`],
      ['slos', '/slos'],
      ['slo', `/slos/${sloId}`],
    ],
    catalogue: [
      ['systems', '/systems'],
      ['systems-map', '/systems?view=map'],
      ['system', '/systems/checkout'],
      ['kinds', '/entities'],
      ['entities', '/entities/light'],
      ['entity', '/entities/light/hall'],
      ['connections', '/connections'],
      ['hooks', '/connections?tab=hooks'],
      ['secrets', '/connections?tab=secrets'],
      ['packages', '/connections?tab=packages'],
      ['plugins', '/connections?tab=plugins'],
      ['scripts', '/scripts'],
    ],
    access: [
      ['tokens', '/system'],
      ['audit', '/system?tab=audit'],
      ['triggers', '/system?tab=triggers'],
      ['actions', '/system?tab=actions'],
      ['settings', '/system?tab=settings'],
      ['dead-letters', '/system?tab=dead'],
      ['refused', '/system?tab=refused'],
    ],
  } satisfies Record<string, ScreenPath[]>;
}

/** Creates an automation, a failed run of it, and the evaluation of an event that did not start a run. */
async function fillAutomations({ api, post, automation }: ConsoleHarness) {
  const id = await automation({
    name: `${HOSTILE.slice(0, 120)} end`,
    description: HOSTILE,
    group: '<b>group</b>',
    variables: { text: HOSTILE },
    actions: [
      { id: 'say', action: 'automation.log', config: { message: HOSTILE } },
      {
        choose: [{ when: 'trigger.payload.a == 1', sequence: [{ delay: { minutes: 5 } }] }],
        else: [{ stop: { reason: LONG } }],
      },
      { parallel: Array.from({ length: 6 }, (_, n) => ({ id: `side_${n}`, delay: { minutes: 1 } })) },
    ],
    on_failure: [{ id: 'report', action: 'automation.log', config: { message: HOSTILE } }],
  });
  const run = String((await post(`/automations/${id}/runs`, { payload: { subject: HOSTILE } }))['runId']);
  await failRun(api, run, { actionId: 'say', code: 'failed', message: HOSTILE });
  await api.rows(
    `insert into evaluations (automation_id, trigger_id, change_id, outcome, detail, count, first_at, last_at)
     values ($1, 'automation_event', gen_random_uuid(), 'filter', $2, 4, now(), now())`,
    [id, HOSTILE],
  );
  return { automationId: id, runId: run };
}

/** Creates systems, an alert, a silence, an incident, a maintenance and an objective. */
async function fillOperations({ post }: ConsoleHarness) {
  await post('/systems', { id: 'checkout', name: TITLE, description: LONG });
  await post('/systems', { id: 'payments', name: LONG });
  await post('/dependencies', {
    sourceSystemId: 'checkout',
    targetSystemId: 'payments',
    impactType: 'critical',
    label: HOSTILE,
  });
  const labels = { alertname: TITLE, severity: 'critical', system: 'checkout', '<i>': HOSTILE };
  const annotations = { summary: HOSTILE, runbook_url: 'javascript:window.hacked=1', description: LONG };
  await post('/ingest/alertmanager', {
    version: '4',
    status: 'firing',
    alerts: [
      {
        status: 'firing',
        labels,
        annotations,
        startsAt: new Date().toISOString(),
        fingerprint: 'f00d',
        generatorURL: 'javascript:window.hacked=1',
      },
    ],
  });
  await post('/alert-silences', { matchers: ['alertname="Other"'], durationMinutes: 60, comment: HOSTILE });
  const incident = await post('/incidents', {
    title: TITLE,
    severity: 'critical',
    systemIds: ['checkout'],
    message: HOSTILE,
  });
  const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
  const maintenance = await post('/maintenances', {
    title: TITLE,
    description: LONG,
    systemIds: ['payments'],
    startAt: inHours(1),
    endAt: inHours(2),
  });
  const slo = await post('/slos', { systemId: 'checkout', name: TITLE, target: 99.9 });
  return {
    ...{ incidentId: String(incident['id']), maintenanceId: String(maintenance['id']) },
    sloId: String(slo['id']),
  };
}

/** Creates an entity kind, a secret and a hook. */
async function fillSetup({ api, post }: ConsoleHarness) {
  await api.call('PUT', `${BASE}/entity-kinds/light`, { body: { schema: { type: 'object' }, description: HOSTILE } });
  await api.call('PUT', `${BASE}/entities/light/hall`, { body: { text: HOSTILE } });
  await api.call('PUT', `${BASE}/secrets/PAGER`, { body: { value: 'long-enough-value' } });
  await post('/hooks', { name: 'pushes', scheme: 'github', secrets: ['0123456789abcdef0123'] });
}
