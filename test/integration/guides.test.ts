import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../src/project-root';
import { sandboxProblem } from '../../src/integrations/script/sandbox';
import { rerun } from '../support/rerun';
import { startEngine, type Engine } from '../support/engine';
import type { FermataProcess } from '../support/process';
import { replayRuns } from '../support/histories';
import { startJiraServer } from '../support/jira-server';
import { until } from '../support/until';
import { startTeamsServer } from '../support/vendors/teams-server';

const GUIDES = join(projectRoot(), 'examples', 'guides');

/** Checks that each guide works as described, with seconds instead of minutes. */
describe('the guides', () => {
  let engine: Engine;
  let api: FermataProcess & { url: string };
  const tested = new Set<string>();
  const names = new Map<string, string>();
  beforeAll(async () => {
    const sandbox = { FERMATA_SCRIPT_SANDBOX: (await sandboxProblem()) === null ? 'bubblewrap' : 'none' };
    engine = await startEngine();
    api = await engine.api(sandbox);
    await engine.worker(sandbox);
  }, 360_000);
  beforeEach(() => {
    engine.receiver.received.splice(0);
  });
  afterAll(() => engine.close());

  const post = async (path: string, body: unknown) => {
    const answer = await engine.post(api, path, body);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  };
  const report = (systemId: string, status: string, more: Record<string, unknown> = {}) =>
    post('/health/results', { systemId, configurationId: 'http', status, ...more });
  const guide = async (name: string, ...changes: [string, string][]) => {
    tested.add(name);
    const text = readFileSync(join(GUIDES, name), 'utf8').replaceAll('http://127.0.0.1:9099', '$URL');
    const id = await engine.save(changes.reduce((yaml, [from, to]) => yaml.replaceAll(from, to), text));
    names.set(id, `guide-${name.replace('.yaml', '')}`);
    return id;
  };
  const bodies = () => engine.receiver.received.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  const incidentsOf = async (systemId: string) =>
    (
      await engine.database.pool.query<{ status: string }>('select status from incidents where $1 = any(system_ids)', [
        systemId,
      ])
    ).rows;

  test('a system that stays down gets one incident, which is resolved automatically', async () => {
    const id = await guide('sustained-unhealthy.yaml', ['minutes: 5', 'seconds: 1'], ['10 | minutes', '1500']);
    await report('stays', 'unhealthy');
    await until('the incident is open', async () => (await incidentsOf('stays')).length === 1, 20_000);
    await report('stays', 'degraded');
    await report('stays', 'unhealthy');
    await report('stays', 'healthy');
    await engine.ended(1, id, 20_000);
    expect(await incidentsOf('stays')).toEqual([{ status: 'resolved' }]);
  }, 180_000);

  test('a flapping Alertmanager alert starts exactly one run', async () => {
    const id = await guide('flapping-window.yaml');
    const alert = (status: string) => ({
      version: '4',
      alerts: [
        {
          status,
          labels: { alertname: 'Down', system: 'flaps', severity: 'critical' },
          annotations: {},
          fingerprint: 'f1',
        },
      ],
    });
    for (let n = 0; n < 12; n += 1) {
      await post('/ingest/alertmanager', alert('firing'));
      await post('/ingest/alertmanager', alert('resolved'));
    }
    await engine.ended(1, id, 20_000);
    await engine.routed();
    expect(await engine.runs(id)).toHaveLength(1);
    expect(await incidentsOf('flaps')).toHaveLength(1);
  }, 180_000);

  test('the on-call person is paged, and the manager is paged only without an acknowledgement', async () => {
    const id = await guide('page-and-escalate.yaml', ['timeout_seconds: 900', 'timeout_seconds: 2']);
    const incident = { title: 'x', severity: 'critical', systemIds: ['s'] };
    await post('/incidents', incident);
    await engine.ended(1, id, 20_000);
    expect(bodies().map(({ who }) => who)).toEqual(['on-call', 'manager']);
    engine.receiver.received.splice(0);
    const second = await post('/incidents', incident);
    await until('on-call is paged', () => engine.receiver.received.length === 1);
    await engine.emit('com.example.acknowledged', { by: 'ada' }, { subject: String(second['id']) });
    await engine.ended(2, id, 20_000);
    expect(bodies().map(({ who }) => who)).toEqual(['on-call']);
  }, 180_000);

  test('a deployment starts a maintenance through a hook, and a later request to it ends the maintenance', async () => {
    const id = await guide('deploy-maintenance.yaml');
    await post('/hooks', { name: 'deploys', scheme: 'none' });
    await post('/systems', { id: 'app', name: 'App' });
    await post('/hooks/deploys', { system: 'app', phase: 'started' });
    await engine.ended(1, id);
    const rows = async (statement: string) => (await engine.database.pool.query(statement)).rows as unknown[];
    const status = () => rows('select status, title from maintenances');
    const open = () => rows(`select 1 from artifacts where type = 'maintenance.window' and closed_at is null`);
    expect(await status()).toEqual([{ status: 'in_progress', title: 'Deploy of app' }]);
    expect(await open()).toHaveLength(1);
    await post('/hooks/deploys', { system: 'other', phase: 'finished' });
    await post('/hooks/deploys', { system: 'app', phase: 'finished' });
    await engine.ended(3, id);
    expect(await status()).toEqual([{ status: 'completed', title: 'Deploy of app' }]);
    expect(await open()).toEqual([]);
  }, 180_000);

  test('in quiet hours, only critical incidents page; others page in the morning if they are still open', async () => {
    const time = (ms: number) => new Date(Date.now() + ms).toISOString().slice(11, 19);
    const weekdays = '[mon, tue, wed, thu, fri]';
    const id = await guide(
      'quiet-hours.yaml',
      ['"08:00"', `"${time(12_000)}"`],
      ['"18:00"', `"${time(3_600_000)}"`],
      [weekdays, '[mon, tue, wed, thu, fri, sat, sun]'],
      ['Europe/Berlin', 'UTC'],
    );
    const open = (title: string, severity: string) => post('/incidents', { title, severity, systemIds: ['quiet'] });
    const paged = () =>
      engine.receiver.received
        .filter(({ path }) => path === '/pager')
        .map(({ body }) => (JSON.parse(body) as { title: string }).title);
    const [over] = [
      await open('over by morning', 'minor'),
      await open('slow', 'minor'),
      await open('down', 'critical'),
    ];
    await until('the critical one is paged', () => paged().length === 1);
    await until(
      'the others wait for the morning',
      async () => (await engine.runs(id)).filter(({ status }) => status === 'waiting').length === 2,
    );
    expect(paged()).toEqual(['down']);
    await post(`/incidents/${String(over['id'])}/updates`, { message: 'Gone', statusChange: 'resolved' });
    await engine.ended(3, id, 30_000);
    expect(paged()).toEqual(['down', 'slow']);
  }, 180_000);

  test('a Jira issue is created with an incident, and closed with it by another run', async () => {
    const account = { email: 'ada@example.org', apiToken: 'token' };
    const jira = await startJiraServer(account);
    try {
      const config = { baseUrl: jira.url, ...account };
      const { id: connection } = await post('/connections', { name: 'Jira', type: 'jira', config });
      const id = await guide('jira-with-incident.yaml', ['CONNECTION', String(connection)]);
      const [first, second] = [
        await post('/incidents', { title: 'Checkout is down', severity: 'critical', systemIds: ['checkout'] }),
        await post('/incidents', { title: 'Search is slow', severity: 'minor', systemIds: ['search'] }),
      ];
      await engine.ended(2, id, 20_000);
      expect(jira.issues.map(({ fields }) => fields['summary']).toSorted()).toEqual([
        'Checkout is down',
        'Search is slow',
      ]);
      await post(`/incidents/${String(first['id'])}/updates`, { message: 'Over', statusChange: 'resolved' });
      await engine.ended(3, id, 20_000);
      const status = () =>
        Object.fromEntries(jira.issues.map(({ fields }) => [String(fields['summary']), fields.status.name]));
      expect(status()).toEqual({ 'Checkout is down': 'Done', 'Search is slow': 'To Do' });
      await post(`/incidents/${String(second['id'])}/updates`, { message: 'Over', statusChange: 'resolved' });
      await engine.ended(4, id, 20_000);
      expect(status()).toEqual({ 'Checkout is down': 'Done', 'Search is slow': 'Done' });
      const open = await engine.database.pool.query(
        `select 1 from artifacts where type = 'integration-jira.issue' and closed_at is null`,
      );
      expect(open.rowCount).toBe(0);
    } finally {
      await jira.close();
    }
  }, 180_000);

  test('a script creates the nightly report', async () => {
    for (const systemId of ['checkout', 'search']) await report(systemId, 'healthy');
    const id = await guide('nightly-report.yaml');
    await post(`/automations/${id}/runs`, {});
    const [run] = await engine.ended(1, id, 30_000);
    expect(run?.status).toBe('success');
    // Notifications about incidents of earlier tests may still arrive.
    const reports = engine.receiver.received.filter(({ path }) => path === '/report');
    expect(reports.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      { text: 'checkout: healthy\nsearch: healthy' },
    ]);
  }, 180_000);

  test('a budget that falls below ten percent is reported to Teams once', async () => {
    const teams = await startTeamsServer();
    try {
      const { id: connection } = await post('/connections', {
        ...{ name: 'Teams', type: 'teams', config: { workflowUrl: teams.workflowUrl } },
      });
      const id = await guide('slo-budget.yaml', ['TEAMS', String(connection)]);
      await post('/systems', { id: 'shop', name: 'Shop' });
      await post('/slos', { systemId: 'shop', name: 'Up', target: 99.9 });
      await report('shop', 'unhealthy', { timestamp: new Date(Date.now() - 3_600_000).toISOString() });
      await engine.ended(1, id, 20_000);
      await engine.database.pool.query('update slos set compute_at = now()');
      await until(
        'the budget is computed again',
        async () => (await engine.database.pool.query('select 1 from slos where compute_at < now()')).rowCount === 0,
      );
      expect(teams.cards.map(({ body }) => body[1]?.text)).toEqual([
        '0 % is left of the budget for a target of 99.9 %.',
      ]);
    } finally {
      await teams.close();
    }
  }, 180_000);

  test('each guide has a test in this file, and all histories are replayed without a difference', async () => {
    expect([...tested].sort()).toEqual(readdirSync(GUIDES).sort());
    const ended = (await engine.runs()).filter(({ status }) => ['success', 'failed', 'cancelled'].includes(status));
    expect(await replayRuns(engine, ended, names)).toBeGreaterThanOrEqual(tested.size);
    for (const end of ['refused', 'cancelled'] as const) {
      const again = await rerun(engine, api, ended, end);
      await replayRuns(engine, again, new Map([...names].map(([id, name]) => [id, `${name}-${end}`])));
    }
  }, 360_000);
});
