import { createEntityStore } from '../../src/db/entity-store';
import { systemClock, uuidV7 } from '../../src/domain/clock';
import { createRegistry } from '../../src/domain/registry/registry';
import type { Action } from '../../src/integrations/contract';
import { sandboxProblem } from '../../src/integrations/script/sandbox';
import { sendDigest } from '../../src/domains/slo/slos';
import { startEngine, type Engine } from '../support/engine';
import { startJiraServer, type JiraServer } from '../support/jira-server';
import { hasOpenssh } from '../support/openssh';
import { testPlugins } from '../support/plugins';
import type { FermataProcess } from '../support/process';
import { startVendorServer } from '../support/vendor-server';
import { startVendors, vendorActions, type Vendors } from '../support/vendors/every-action';
import { GITHUB_BODIES, GITLAB_BODIES, postAsGithub, postAsGitlab } from '../support/vendors/forge-events';
import { postAsSlack, slackButton, slackCommand, slackEvent } from '../support/vendors/slack-sender';
import { until } from '../support/until';

const ACCOUNT = { email: 'ada@example.org', apiToken: 'token' };
/** Configs for the triggers that require a config. */
const TRIGGER_CONFIG: Record<string, Record<string, unknown>> = {
  'automation.entity_changed': { kind: 'lamp' },
  'automation.event': { type: 'ping' },
  'automation.numeric_state': { field: 'latencyMs', above: 100 },
  'automation.webhook': { hook: 'ci' },
  'kubernetes.event': { connectionId: 'kubernetes' },
  'automation.cron': { cronPattern: '*/2 * * * * *' },
  'automation.interval': { intervalSeconds: 2 },
};

/**
 * Uses every trigger and action of the registry through the built programs, with real Postgres and Temporal. Fails if
 * the registry has an entry that is not used here.
 */
describe('the catalogue', () => {
  let engine: Engine;
  let api: FermataProcess & { url: string };
  let jira: JiraServer;
  let vendors: Vendors;
  let vendor: Awaited<ReturnType<typeof startVendorServer>>;
  const registry = createRegistry<Action>(testPlugins());
  beforeAll(async () => {
    const sandbox = { FERMATA_SCRIPT_SANDBOX: (await sandboxProblem()) === null ? 'bubblewrap' : 'none' };
    [engine, jira] = [await startEngine(), await startJiraServer(ACCOUNT)];
    vendors = await startVendors();
    vendor = await startVendorServer(({ path }) => {
      if (path.startsWith('/workflows/')) return { status: 202 };
      return { status: 200, body: { id: 'message', roomId: 'R' } };
    });
    engine.receiver.answerWith(({ path }, response) => void response.writeHead(path === '/broken' ? 410 : 200).end());
    api = await engine.api(sandbox);
    await engine.worker(sandbox);
  }, 360_000);
  afterAll(async () => {
    await Promise.all([jira.close(), vendor.close(), vendors.close()]);
    await engine.close();
  });

  const call = (method: string, path: string, body?: unknown) => engine.call(api, method, path, body);
  const make = async (path: string, body: unknown) => String((await call('POST', path, body))['id']);
  const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();

  test('has only triggers that start a run and actions that succeed', async () => {
    await call('PUT', '/entity-kinds/lamp', { schema: { type: 'object' } });
    await make('/hooks', { name: 'ci', scheme: 'none' });
    for (const event of registry.triggers().keys()) {
      const config = TRIGGER_CONFIG[event];
      await call('POST', '/automations', {
        ...{ name: `runs for ${event}`, mode: 'parallel', max_runs: 1_000 },
        triggers: [{ event, ...(config === undefined ? {} : { config }) }],
        actions: [{ variables: { received: '{{ trigger.payload }}' } }],
      });
    }
    for (const id of ['app', 'db', 'cache', 'gone']) await make('/systems', { id, name: id });
    await call('POST', '/health/assignments', { systemId: 'app', configurationId: 'disk' });
    const acting = await make('/automations', {
      ...{ name: 'does everything', triggers: [{ event: 'automation.event', config: { type: 'act' } }] },
      actions: await everyAction(),
    });
    await call('POST', '/ingest/alertmanager', {
      alerts: [{ status: 'firing', fingerprint: 'ca11ab1e00000001', labels: { alertname: 'Known' } }],
    });
    await engine.emit('act');
    await everyDomain();
    await until('the cluster is watched', () => vendors.kubernetes.events.watching() === 1, 60_000);
    vendors.kubernetes.events.record({ name: 'shop-0' });

    const [run] = await engine.ended(1, acting, 90_000);
    expect(run).toMatchObject({ status: 'success', error: null });
    const steps = await engine.steps(run?.id ?? '');
    const succeeded = new Set(steps.filter(({ status }) => status === 'success').map((step) => step['action']));
    const missing = [...registry.actions().keys()].filter((action) => !succeeded.has(action));
    expect(missing.filter((action) => hasOpenssh || !action.startsWith('integration-ssh.'))).toEqual([]);

    const withoutRun = () =>
      engine.database.pool
        .query<{ event: string }>(`select distinct trigger_event as event from runs where status = 'success'`)
        .then(({ rows }) => {
          const started = new Set(rows.map(({ event }) => event));
          return [...registry.triggers().keys()].filter((event) => !started.has(event));
        });
    await until('every trigger has started a run', async () => (await withoutRun()).length === 0, 60_000).catch(
      () => undefined,
    );
    expect(await withoutRun()).toEqual([]);
    for (const { trigger_event: event, trigger_scope: scope } of await engine.runs()) {
      const { payload } = scope as { payload: unknown };
      const parsed = registry.trigger(String(event))?.payloadSchema.safeParse(payload);
      expect({ event, payload, issues: parsed?.error?.issues }).toEqual({ event, payload, issues: undefined });
      // Validation warns about fields that a closed schema lacks, so the schema must name everything that the payload
      // contains.
      expect({ event, payload: parsed?.data }).toEqual({ event, payload });
    }
  }, 720_000);

  async function everyAction(): Promise<Record<string, unknown>[]> {
    const connect = (type: string, config: unknown) => make('/connections', { name: type, type, config });
    const connections = {
      jira: await connect('jira', { baseUrl: jira.url, ...ACCOUNT }),
      teams: await connect('teams', { workflowUrl: `${vendor.url}/workflows/1` }),
      webex: await connect('webex', { botToken: 'token', baseUrl: vendor.url }),
      hook: await connect('webhook', { baseUrl: `${engine.receiver.url}/hook` }),
      broken: await connect('webhook', { baseUrl: `${engine.receiver.url}/broken` }),
    };
    const check = { systemId: 'app', configurationId: 'disk' };
    const lamp = { kind: 'lamp', id: 'hall' };
    const inJira = { connectionId: connections.jira };
    const actions: [action: string, config: Record<string, unknown>, more?: Record<string, unknown>][] = [
      ['automation.log', { message: 'hello' }],
      ['alert.acknowledge', { fingerprint: 'ca11ab1e00000001' }],
      ['alert.silence', { fingerprint: 'ca11ab1e00000001', durationMinutes: 1, comment: 'known' }],
      ['alert.unsilence', { fingerprint: 'ca11ab1e00000001' }],
      ['automation.emit_event', { type: 'ping', subject: 'app' }],
      ['automation.set_state', { ...lamp, state: { on: true } }],
      ['automation.remove_state', lamp],
      ['healthcheck.enable_assignment', check],
      ['healthcheck.run_now', check],
      ['healthcheck.disable_assignment', check],
      ['incident.create', { title: 'Down', severity: 'minor', systemIds: ['app'] }],
      ['incident.add_update', { message: 'Looking' }],
      ['incident.update_status', { status: 'fixing', message: 'Fixing' }],
      ['incident.resolve', { message: 'Fixed' }],
      ['maintenance.create', { title: 'Work', systemIds: ['cache'], startAt: inSeconds(600), endAt: inSeconds(900) }],
      ['maintenance.update', { title: 'Much work' }],
      ['maintenance.add_update', { message: 'Soon' }],
      ['maintenance.set_system', { systemId: 'cache', durationMinutes: 5 }],
      ['maintenance.clear_system', { systemId: 'cache', message: 'Done' }],
      ['catalog.update_metadata', { systemId: 'app', metadata: { tier: 1 } }],
      [
        'dependency.create',
        { sourceSystemId: 'cache', targetSystemId: 'app', impactType: 'degraded', transitive: false },
      ],
      ['dependency.remove', {}],
      ['integration-webhook.send', { url: `${engine.receiver.url}/hook` }],
      ['integration-jira.create_issue', { ...inJira, projectKey: 'OPS', issueTypeId: '10', summary: 'Down' }],
      ['integration-jira.add_comment', { ...inJira, body: 'Looking' }],
      ['integration-jira.search_issues', { ...inJira, projectKey: 'OPS' }],
      ['integration-jira.transition_issue', { ...inJira, transitionId: '31' }],
      ['integration-script.run_shell', { script: 'echo hello' }],
      ['integration-script.run_script', { script: 'export default async () => 1;' }],
      ['integration-teams.post_message', { connectionId: connections.teams, body: 'x' }],
      ['integration-webex.post_message', { connectionId: connections.webex, roomId: 'R', markdown: 'x' }],
      ['notification.send', { channel: connections.hook, title: 'x', body: 'x' }],
      ['notification.send', { channel: connections.broken, title: 'x', body: 'x' }, { continue_on_error: true }],
    ];
    actions.push(...(await vendorActions(vendors, connect)));
    return actions.map(([action, config, more = {}]) => ({ action, config, ...more }));
  }

  /** Makes an alert fire, change, get acknowledged, get closed in PagerDuty and Opsgenie, and resolve. */
  async function everyAlertEvent(): Promise<void> {
    const fingerprint = 'f00df00df00df00d';
    const alert = (status: 'firing' | 'resolved', summary: string) =>
      call('POST', '/ingest/alertmanager', {
        ...{ version: '4', status, receiver: 'fermata', groupKey: '{}', groupLabels: {}, commonLabels: {} },
        alerts: [
          {
            ...{
              status,
              fingerprint,
              labels: { alertname: 'DiskFull', severity: 'critical' },
              annotations: { summary },
            },
            ...{ startsAt: inSeconds(-60), endsAt: status === 'firing' ? '0001-01-01T00:00:00Z' : inSeconds(0) },
          },
        ],
      });
    await alert('firing', '91 %');
    await alert('firing', '95 %');
    await call('POST', `/alerts/${fingerprint}/acknowledge`, {});
    await call('POST', '/ingest/pagerduty', {
      event: {
        ...{ id: 'E1', event_type: 'incident.resolved', occurred_at: inSeconds(0), agent: { summary: 'Ada' } },
        data: { id: 'P1', type: 'incident', title: 'DiskFull', status: 'resolved', incident_key: fingerprint },
      },
    });
    await call('POST', '/ingest/opsgenie', {
      ...{ action: 'Close', source: { name: 'web' } },
      alert: { alertId: 'o1', message: 'DiskFull', alias: fingerprint, username: 'ada' },
    });
    await alert('resolved', '40 %');
  }

  async function everyDomain(): Promise<void> {
    await call('PUT', '/entities/lamp/door', { on: true });
    await call('POST', '/hooks/ci', { build: 1 });
    const group = await make('/system-groups', { name: 'shop' });
    await call('PATCH', `/system-groups/${group}`, { name: 'the shop' });
    await call('DELETE', `/system-groups/${group}`);
    await call('PATCH', '/systems/gone', { name: 'going' });
    await call('DELETE', '/systems/gone');
    const edge = await make('/dependencies', { sourceSystemId: 'app', targetSystemId: 'db', impactType: 'degraded' });
    await call('PATCH', `/dependencies/${edge}`, { impactType: 'critical' });
    const report = (status: string, latencyMs: number) =>
      call('POST', '/health/results', { systemId: 'db', configurationId: 'http', status, latencyMs });
    await report('unhealthy', 500);
    await report('healthy', 5);
    await call('DELETE', `/dependencies/${edge}`);
    const incident = await make('/incidents', { title: 'Slow', severity: 'minor', systemIds: ['db'] });
    await call('PATCH', `/incidents/${incident}`, { severity: 'major' });
    await call('POST', `/incidents/${incident}/updates`, { message: 'Over', statusChange: 'resolved' });
    const maintenance = await make('/maintenances', {
      ...{ title: 'Patch', systemIds: ['db'], startAt: inSeconds(1), endAt: inSeconds(3) },
    });
    await call('PATCH', `/maintenances/${maintenance}`, { endAt: inSeconds(4) });
    await everyAlertEvent();
    const slack = await make('/connections', {
      ...{ name: 'slack', type: 'slack', config: { botToken: 'token', signingSecret: 'signing' } },
    });
    for (const body of [slackEvent('Ev1'), slackCommand(), slackButton()]) {
      await postAsSlack(api, { connectionId: slack, secret: 'signing' }, body);
    }
    const forge = (name: string) => ({ url: api.url, secret: 'canary', name });
    for (const name of ['github', 'gitlab']) await make('/hooks', { name, scheme: name, secrets: ['canary'] });
    for (const event of Object.keys(GITHUB_BODIES)) await postAsGithub(forge('github'), event);
    for (const kind of Object.keys(GITLAB_BODIES)) await postAsGitlab(forge('gitlab'), kind);
    const satellite = await make('/satellites', { name: 'eu', heartbeatTimeoutSeconds: 1 });
    await call('POST', `/satellites/${satellite}/heartbeat`, {});
    await make('/slos', { systemId: 'cache', name: 'Up', target: 99 });
    const { pool, db } = engine.database;
    // An SLO is reported after ten days without an outage, and the digest is sent on a Monday morning.
    await pool.query(`update systems set created_at = now() - interval '10 days' where id = 'cache'`);
    await pool.query('update slos set compute_at = now()');
    const entities = createEntityStore({ registry, clock: systemClock, ids: uuidV7 });
    const cause = { actor: { type: 'system', id: 'test' }, causedBy: null, depth: 0 } as const;
    const now = new Date('2026-01-05T09:30:00Z');
    expect(await db.transaction((tx) => sendDigest({ tx, entities, cause, now }))).toBe(true);
  }
});
