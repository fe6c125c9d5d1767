import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine, type Engine } from '../support/engine';
import { runFermata } from '../support/process';
import { until } from '../support/until';

const REFUSES = `
apiVersion: fermata/v1
kind: Automation
metadata: { name: refuses, title: Refuses }
spec:
  triggers: [{ event: automation.event, config: { type: never } }]
  actions: [{ stop: { reason: not today, error: true } }]
`;
const logs = (name: string, title: string) => `
apiVersion: fermata/v1
kind: Automation
metadata: { name: ${name}, title: ${title} }
spec:
  triggers: [{ event: automation.event, config: { type: never } }]
  actions: [{ id: log, action: automation.log, config: { message: 'told {{ trigger.payload.word }}' } }]
`;

interface CommandResult {
  code: number | null;
  out: string;
  err: string;
}

describe('the command line', () => {
  let engine: Engine;
  let url = '';
  const directory = mkdtempSync(join(tmpdir(), 'fermata-cli-'));
  const file = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  const fermata = (
    args: readonly string[],
    { input, env = {} }: { input?: string; env?: Record<string, string> } = {},
  ) => runFermata(args, engine.env({ FERMATA_URL: url, FERMATA_HOME: directory, ...env }), input);
  const json = (ran: CommandResult): Record<string, unknown> => JSON.parse(ran.out) as Record<string, unknown>;

  beforeAll(async () => {
    engine = await startEngine();
    const [api] = await Promise.all([engine.api({ FERMATA_TEMPORAL_UI_URL: 'http://ui.test' }), engine.worker()]);
    ({ url } = api);
    const ran = await fermata(['apply', file('all.yaml', [REFUSES, logs('logs', 'Logs')].join('---'))]);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toMatch(/ACTION +ID +FILE +NAME\ncreated .*all\.yaml +refuses\ncreated .* logs\n/);
  }, 270_000);
  afterAll(async () => {
    await engine.close();
    rmSync(directory, { recursive: true });
  });

  test('starts a run manually, follows it to its end, shows it, and exits with 1 if it failed', async () => {
    const fine = await fermata([
      'trigger',
      'Logs',
      '--payload',
      '{"word": "this"}',
      '--context-key',
      'shop',
      '--follow',
    ]);
    expect(fine).toMatchObject({ code: 0, err: '' });
    expect(fine.out).toMatch(/Logs \(version 1\)[^]*log[^]*told this[^]*success/);
    const failed = await fermata(['trigger', 'Refuses', '--follow']);
    expect([failed.code, failed.out]).toEqual([1, expect.stringContaining('not today')]);
    const runs = json(await fermata(['runs', '--status', 'failed', '--json'])) as unknown as { id: string }[];
    expect(runs).toMatchObject([{ automationName: 'Refuses', status: 'failed' }]);
    const id = runs[0]?.id ?? '';
    expect((await fermata(['runs', '--status', 'failed'])).out).toMatch(/ manually .* Refuses/);
    expect((await fermata(['runs', id])).out).toContain('started manually');
    expect((await fermata(['runs', id])).out).toContain('ended by stop at actions[0]: not today');
    expect(json(await fermata(['runs', id, '--json']))).toMatchObject({ run: { id }, steps: [{ path: 'actions[0]' }] });
    expect(json(await fermata(['open', 'ui', id, '--json'])).url).toMatch(/^http:\/\/ui\.test\/namespaces\//);
    const again = await fermata(['retry', id, '--from', 'start', '--json']);
    expect([again.code, json(again).runId]).toEqual([0, expect.stringMatching(/^[0-9a-f-]{36}$/)]);
    expect((await fermata(['runs', String(json(again).runId), '--follow'])).code).toBe(1);
    const closed = await fermata(['cancel', id]);
    expect([closed.code, closed.err]).toEqual([1, expect.stringContaining('[run_closed]')]);
  }, 270_000);

  test('lists the matches of an ambiguous name, with exit code 2, and accepts an id', async () => {
    await fermata([
      'apply',
      file('twins.yaml', ['twin-a', 'twin-b'].map((name) => logs(name, 'Twin')).join('---')),
      '--source',
      'twins',
    ]);
    const { rows } = await engine.database.pool.query<{ id: string }>(`select id from automations where name = 'Twin'`);
    for (const args of [
      ['trigger', 'Twin'],
      ['automations', 'Twin'],
      ['runs', '--automation', 'Twin'],
    ]) {
      const ran = await fermata(args);
      expect([ran.code, ran.out]).toEqual([2, '']);
      for (const { id } of rows) expect(ran.err).toContain(id);
    }
    const [one] = rows;
    expect((await fermata(['trigger', one?.id ?? ''])).code).toBe(0);
    const pruned = await fermata([
      'apply',
      file('one.yaml', logs('twin-a', 'Twin')),
      '--source',
      'twins',
      '--prune',
      '--json',
    ]);
    expect(json(pruned).results).toMatchObject([{ action: 'unchanged' }, { name: 'twin-b', action: 'deleted' }]);
    const dry = await fermata([
      'apply',
      file('two.yaml', logs('twin-c', 'Twin')),
      '--source',
      'twins',
      '--prune',
      '--dry-run',
    ]);
    expect(dry.out).toMatch(/WOULD BE[^]*created[^]*twin-c[^]*deleted[^]*twin-a/);
  }, 270_000);

  test('applies either all files or none, and shows the position of each error', async () => {
    const wrong = file('wrong.yaml', logs('x', 'X').replace('automation.log', 'automation.lok'));
    const ran = await fermata(['apply', wrong, file('fine.yaml', logs('fine', 'Fine'))]);
    expect(ran.code).toBe(1);
    expect(ran.err).toMatch(/wrong\.yaml:7:\d+ .*unknown_action/);
    expect((await fermata(['automations', 'Fine'])).code).toBe(1);
  }, 180_000);

  test('explains why an automation did not run', async () => {
    const picky = logs('picky', 'Picky').replace(
      'type: never } }',
      'type: often }, filter: trigger.payload.data.n > 5 }',
    );
    expect((await fermata(['apply', file('picky.yaml', picky), '--source', 'picky'])).code).toBe(0);
    expect((await fermata(['automations', 'Picky', '--why'])).out).toContain('each event that reached its triggers');
    await engine.emit('often', { n: 1 }, { times: 3 });
    const why = await until('the reason is written', async () => {
      const { out } = await fermata(['automations', 'Picky', '--why']);
      return out.includes('filter') && out;
    });
    expect(why).toMatch(/3 +automation_event +filter +.*data\.n > 5/);
    const all = json(await fermata(['automations', 'Picky', '--why', '--json'])) as unknown as { count: number }[];
    expect(all).toMatchObject([{ outcome: 'filter', triggerId: 'automation_event', count: 3 }]);
  }, 180_000);

  test('reads and writes entities of custom kinds', async () => {
    const kind = await fetch(`${url}/api/v1/entity-kinds/deployment`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', authorization: engine.authorization },
      body: JSON.stringify({ schema: { type: 'object' } }),
    });
    expect(kind.status).toBe(200);
    const set = await fermata(['entity', 'set', 'deployment', 'shop', '-', '--json'], { input: '{"version": "1"}' });
    expect(json(set)).toMatchObject({ kind: 'deployment', id: 'shop', state: { version: '1' } });
    await fermata(['entity', 'set', 'deployment', 'shop', '{"by": "ada"}', '--merge']);
    expect(json(await fermata(['entity', 'get', 'deployment', 'shop', '--json'])).state).toEqual({
      version: '1',
      by: 'ada',
    });
    expect((await fermata(['entity', 'get', 'deployment'])).out).toMatch(/^ID +UPDATED[^]*shop/);
    expect((await fermata(['entity', 'set', 'health', 'shop', '{}'])).code).toBe(1);
    expect((await fermata(['entity', 'set', 'deployment', 'shop', '{'])).code).toBe(2);
  }, 180_000);

  test('reads secrets from standard input and never shows them; creates working tokens', async () => {
    const set = await fermata(['secret', 'set', 'PAGER', '--json'], { input: 'hunter22\n' });
    expect(json(set)).toMatchObject({ name: 'PAGER', version: 1 });
    const list = await fermata(['secret', 'list']);
    expect([list.code, list.out.includes('PAGER'), list.out.includes('hunter22')]).toEqual([0, true, false]);
    expect((await fermata(['secret', 'set', 'PAGER'], { input: '' })).code).toBe(2);
    expect((await fermata(['secret', 'rm', 'PAGER'])).code).toBe(0);
    expect((await fermata(['secret', 'rm', 'PAGER'])).code).toBe(1);
    const made = await fermata(['token', 'create', 'reader', '--role', 'viewer', '--expires', '2099-01-31']);
    expect(made.out).toMatch(/^fmt_\S+\n$/);
    const env = { FERMATA_TOKEN: made.out.trim() };
    expect((await fermata(['automations'], { env })).code).toBe(0);
    const refused = await fermata(['trigger', 'Logs'], { env });
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('automation.manage')]);
  }, 180_000);

  test.each([
    [['--version'], 0],
    [['--help'], 0],
    [[], 2],
    [['no-such-command'], 2],
    [['runs', '--no-such-option'], 2],
    [['runs', '--limit', '0'], 2],
    [['runs', '--status', 'done'], 2],
    [['automations', '--status', 'on'], 2],
    [['trigger'], 2],
    [['trigger', 'Logs', '--payload', '{'], 2],
    [['token', 'create', 'x'], 2],
    [['token', 'create', 'x', '--role', 'boss'], 2],
    [['token', 'create', 'x', '--role', 'viewer', '--expires', 'tomorrow'], 2],
    [['validate', '/no/such/file'], 2],
    [['apply', '/no/such/directory'], 2],
    [['cancel'], 2],
    [['hooks', 'create', 'x'], 2],
    [['completion', 'tcsh'], 2],
    [['incidents', 'resolve', '00000000-0000-7000-8000-000000000000'], 1],
    [['connections', 'No such connection'], 1],
    [['actions', 'no.such_action'], 1],
    [['runs', '00000000-0000-7000-8000-000000000000'], 1],
    [['trigger', 'No such automation'], 1],
  ])('%j ends with %d', async (args, code) => {
    const ran = await fermata(args);
    expect([ran.code, ran.err === '']).toEqual([code, code === 0]);
  });

  test('lists alerts that match, and shows an alert with its labels, episodes and runbook', async () => {
    const alert = (fingerprint: string, labels: Record<string, string>, status = 'firing') => ({
      ...{ status, fingerprint, labels, annotations: { runbook_url: `https://rb/${fingerprint}` } },
    });
    const send = (...alerts: unknown[]) => engine.post({ url }, '/ingest/alertmanager', { alerts });
    await send(
      alert('cli1', { alertname: 'DiskFull', env: 'prod' }),
      alert('cli2', { alertname: 'Slow', env: 'test' }),
    );
    await send(alert('cli2', { alertname: 'Slow', env: 'test' }, 'resolved'));
    const shown = async (...args: string[]) => (await fermata(['alerts', ...args])).out;
    const all = await shown();
    expect(all).toMatch(/cli1 +firing/);
    expect(all).toMatch(/cli2 +resolved/);
    expect(await shown('--firing')).not.toContain('cli2');
    expect(await shown('env=~"pro.*"', 'alertname!="Slow"')).toMatch(/cli1/);
    expect(await shown('{env="test"}')).toMatch(/cli2 +resolved/);
    expect(await shown('env="nowhere"')).toBe('No alerts.\n');
    expect(await fermata(['alerts', 'env='])).toMatchObject({ code: 1, err: expect.stringContaining('matchers') });
    const one = (await fermata(['alert', 'cli1'])).out;
    expect(one).toMatch(/^DiskFull has been firing since /);
    expect(one).toContain('label env="prod"');
    expect(one).toContain('runbook: https://rb/cli1');
    expect(one).toContain('EPISODE FROM');
    expect(await fermata(['alert', 'nobody'])).toMatchObject({ code: 1 });
    expect(json(await fermata(['alert', 'cli2', '--json']))).toMatchObject({ status: 'resolved', endedBy: 'sender' });
  });

  test('disables and enables an automation, shows its versions and their differences, and rolls back', async () => {
    const body = (message: string) => ({
      ...{ name: 'Versioned', triggers: [{ event: 'automation.event', config: { type: 'never' } }] },
      actions: [{ action: 'automation.log', config: { message } }],
    });
    const made = await engine.post({ url }, '/automations', body('first'));
    const { id } = (await made.json()) as { id: string };
    await fetch(`${url}/api/v1/automations/${id}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json', authorization: engine.authorization },
      body: JSON.stringify(body('second')),
    });
    expect((await fermata(['disable', 'Versioned'])).out).toContain('disabled  Versioned');
    expect(json(await fermata(['enable', 'Versioned', '--json']))).toMatchObject({ id, status: 'enabled' });
    expect((await fermata(['versions', 'Versioned'])).out).toMatch(/^VERSION[^]*\n2 [^]*\n1 /);
    expect((await fermata(['versions', id, '--diff', '1'])).out).toMatch(/-.*first[^]*\+.*second/);
    expect((await fermata(['rollback', 'Versioned', '1'])).out).toContain('version 3 equals version 1');
    expect((await fermata(['rollback', 'Versioned', '9'])).code).toBe(1);
    const dry = await fermata(['dry-run', 'Versioned', '--payload', '{"type":"never"}']);
    expect(dry).toMatchObject({ code: 0, err: '' });
    expect(dry.out).toMatch(/^Versioned {2}would_run[^]*automation\.log[^]*first[^]*success/);
    expect(json(await fermata(['dry-run', id, '--json']))).toMatchObject({ outcome: 'would_run' });
  }, 180_000);

  test('opens, acknowledges and resolves an incident by the id that a narrow terminal shows', async () => {
    const made = json(
      await fermata(['incidents', 'create', 'Shop is down', '--severity', 'major', '--system', 'shop', '--json']),
    );
    const id = String(made['id']);
    expect((await fermata(['incidents', '--open'])).out).toMatch(/investigating +major .* shop +Shop is down/);
    const short = `${id.slice(0, 13)}…${id.slice(-6)}`;
    expect(json(await fermata(['incidents', 'acknowledge', short, '--json']))).toMatchObject({
      id,
      status: 'identified',
    });
    await fermata(['incidents', 'update', id, '--status', 'monitoring', '-m', 'Failover is done']);
    expect(json(await fermata(['incidents', 'acknowledge', id, '--json']))).toMatchObject({ status: 'monitoring' });
    expect((await fermata(['incidents', 'resolve', id, '-m', 'Disk replaced'])).out).toMatch(/status +resolved/);
    expect((await fermata(['incidents', id])).out).toMatch(
      /Updates\n[^]*Disk replaced[^]*Failover is done[^]*Acknowledged/,
    );
    expect((await fermata(['incidents', '--open'])).out).toBe('No incidents.\n');
  }, 180_000);

  test('creates and ends a maintenance; lists changes, refused deliveries and the audit log', async () => {
    const made = json(
      await fermata(['maintenances', 'create', 'db upgrade', '--system', 'db-9', '--for', '2h', '--json']),
    );
    const { id, startAt, endAt } = made as { id: string; startAt: string; endAt: string };
    expect(Date.parse(endAt) - Date.parse(startAt)).toBe(7_200_000);
    const listed = await until('it has begun', async () => {
      const { out } = await fermata(['maintenances', '--system', 'db-9', '--open']);
      return out.includes('in_progress') && out;
    });
    expect(listed).toMatch(/in_progress .* db-9 +db upgrade/);
    expect(json(await fermata(['maintenances', 'end', id, '--json']))).toMatchObject({ status: 'completed' });
    expect((await fermata(['changes', '--system', 'db-9'])).out).toContain('maintenance.ended');
    const [change] = json(await fermata(['changes', '--system', 'db-9', '--json'])) as unknown as {
      changeId: string;
    }[];
    expect((await fermata(['changes', change?.changeId ?? ''])).out).toContain('No automation listens to it.');
    expect((await fermata(['changes', 'failed'])).out).toBe('All changes were routed.\n');
    await engine.post({ url }, '/ingest/alertmanager', { alerts: [{ status: 'burning' }] });
    expect((await fermata(['deliveries'])).out).toMatch(/\/ingest\/alertmanager/);
    expect((await fermata(['audit', '--action', 'maintenances.create'])).out).toMatch(/maintenances\.create +success/);
    expect((await fermata(['maintenances', 'create', 'x', '--system', 'y', '--for', 'long'])).code).toBe(2);
  }, 180_000);

  test('creates and deletes hooks and connections; creates kinds; shows triggers, actions, packages, waits and dwells', async () => {
    const hook = await fermata(['hooks', 'create', 'deploys', '--scheme', 'github'], {
      input: 'a-long-secret-value\n',
    });
    expect([hook.code, hook.out.includes('a-long-secret')]).toEqual([0, false]);
    expect((await fermata(['hooks'])).out).toMatch(/deploys +github +1 /);
    expect((await fermata(['hooks', 'deploys'])).out).toContain(`${url}/api/v1/hooks/deploys`);
    expect((await fermata(['hooks', 'rm', 'deploys'])).code).toBe(0);
    const config = JSON.stringify({ baseUrl: 'http://127.0.0.1:9' });
    expect((await fermata(['connections', 'create', 'Pager', '--type', 'webhook', '--config', config])).code).toBe(0);
    expect((await fermata(['connections', 'Pager'])).out).toContain('http://127.0.0.1:9');
    expect((await fermata(['connections', 'test', 'Pager'])).code).toBe(1);
    const given = await fermata(['connections', 'test', '--type', 'webhook', '--config', config, '--json']);
    expect([given.code, json(given).ok]).toEqual([1, false]);
    expect((await fermata(['connections', 'rm', 'Pager'])).code).toBe(0);
    expect((await fermata(['connections', 'types'])).out).toMatch(/^TYPE[^]*jira/);
    const schema = '{"type":"object","properties":{"version":{"type":"string"}}}';
    expect((await fermata(['kinds', 'set', 'release', schema])).code).toBe(0);
    expect((await fermata(['kinds'])).out).toMatch(/release +custom +yes +version/);
    expect((await fermata(['kinds', 'health'])).out).toContain('"degraded"');
    expect((await fermata(['triggers'])).out).toContain('healthcheck.system_degraded');
    expect(json(await fermata(['triggers', 'sample', 'incident.created']))).toHaveProperty('incidentId');
    expect(json(await fermata(['kinds', 'sample', 'health']))).toHaveProperty('status');
    expect((await fermata(['actions', 'incident.create'])).out).toContain('configSchema');
    expect((await fermata(['packages'])).out).toMatch(/^No packages/);
    expect((await fermata(['waits'])).out).toBe('No run is waiting.\n');
    expect((await fermata(['dwells'])).code).toBe(0);
  }, 180_000);

  test('cancels all runs that match the filters', async () => {
    const sleeps = logs('sleeps', 'Sleeps').replace('actions: [', 'actions: [{ delay: 1h }, ');
    expect((await fermata(['apply', file('sleeps.yaml', sleeps), '--source', 'sleeps'])).code).toBe(0);
    await fermata(['trigger', 'Sleeps', '--payload', '{"word": "x"}']);
    const cancelled = await fermata(['cancel', '--automation', 'Sleeps', '--json']);
    expect(json(cancelled)).toEqual({ matched: 1, done: 1 });
    expect((await fermata(['cancel', '--automation', 'Sleeps'])).out).toBe('0 matched, 0 cancelled\n');
    expect((await fermata(['cancel', '--status', 'running', 'some-id'])).code).toBe(2);
  }, 180_000);

  test('lists all missing settings when a process cannot start; an unreachable API is an error', async () => {
    for (const command of ['api', 'worker']) {
      const env = { DATABASE_URL: '', FERMATA_SECRET_KEY: '', FERMATA_PORT: 'http' };
      const ran = await fermata([command], { env });
      expect(ran.code).toBe(2);
      expect(ran.err).toMatch(/FERMATA_PORT must[^]*DATABASE_URL is not set[^]*FERMATA_SECRET_KEY is not set/);
    }
    const unreachable = await fermata(['runs'], { env: { FERMATA_URL: 'http://127.0.0.1:9' } });
    expect([unreachable.code, unreachable.err]).toEqual([
      1,
      expect.stringContaining('Nothing answers at http://127.0.0.1:9'),
    ]);
  }, 90_000);
});
