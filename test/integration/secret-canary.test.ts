import { readdirSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { Client, Connection } from '@temporalio/client';
import { SMTPServer } from 'smtp-server';
import { freePort } from '../../src/os/free-port';
import { sandboxProblem } from '../../src/integrations/script/sandbox';
import { CANARIES, canariesIn } from '../support/canaries';
import { historyText } from '../support/history-text';
import { decodeJson } from '../../src/temporal/codec/decode-json';
import { createPayloadCodec } from '../../src/temporal/codec/payload-codec';
import { startEngine, type Engine } from '../support/engine';
import type { FermataProcess } from '../support/process';
import { until } from '../support/until';

type Step = Record<string, unknown>;

const NAMES = Object.keys(CANARIES) as (keyof typeof CANARIES)[];
const secret = (name: string) => `\${{ secrets.${name} }}`;

/**
 * Puts unusual secrets into every field that accepts a secret, makes each action fail in several ways, and then
 * searches for the secrets in everything that was written.
 */
describe('secrets', () => {
  let engine: Engine;
  let api: FermataProcess & { url: string };
  let worker: FermataProcess;
  let metricsPort: number;
  let mail: SMTPServer;
  let urls: Record<string, string>;
  const outputs: (() => string)[] = [];
  const answers: string[] = [];
  const processes = new Set<string>();
  let watching: NodeJS.Timeout;

  beforeAll(async () => {
    const sandbox = { FERMATA_SCRIPT_SANDBOX: (await sandboxProblem()) === null ? 'bubblewrap' : 'none' };
    engine = await startEngine();
    metricsPort = await freePort();
    api = await engine.api({ LOG_LEVEL: 'debug', ...sandbox });
    outputs.push(api.output);
    startWorker = async (more = {}) => {
      const settings = { LOG_LEVEL: 'debug', FERMATA_METRICS_PORT: String(metricsPort), ...sandbox, ...more };
      worker = await engine.worker(settings);
      outputs.push(worker.output);
    };
    await startWorker();
    for (const [name, value] of Object.entries(CANARIES)) await call('PUT', `/secrets/${name}`, { value });
    mail = new SMTPServer({
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth: ({ password = '' }, _session, callback) => callback(new Error(`Not the password: ${password}`)),
    });
    await new Promise<void>((resolve) => mail.listen(0, '127.0.0.1', resolve));
    engine.receiver.answerWith(({ path, headers, body }, response) => {
      const form = new URLSearchParams(headers as Record<string, string>).toString();
      const echo = JSON.stringify({ headers, body, nested: JSON.stringify(headers), form });
      if (path.includes('/401')) response.writeHead(401, { 'content-type': 'application/json' }).end(echo);
      else if (path.includes('/500')) response.writeHead(500).end(echo);
      else if (path.includes('/hang')) setTimeout(() => response.end(echo), 20_000).unref();
      else response.setHeader('content-type', 'application/json').end(echo);
    });
    const { url } = engine.receiver;
    urls = {
      ok: `${url}/ok`,
      unauthorized: `${url}/401`,
      broken: `${url}/500`,
      refused: 'http://127.0.0.1:9/x',
      unresolvable: 'http://no-such-host.invalid/x',
      tls: url.replace('http:', 'https:'),
      hang: `${url}/hang`,
    };
    // Record the command lines of all processes, as `ps` would show them.
    watching = setInterval(() => {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        try {
          processes.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
        } catch {
          // The process has already ended.
        }
      }
    }, 50);
  }, 360_000);
  let startWorker: (more?: Record<string, string>) => Promise<void>;
  afterAll(async () => {
    clearInterval(watching);
    await new Promise<void>((resolve) => mail.close(resolve));
    await engine.close();
  });

  const request = async (method: string, path: string, body?: unknown) => {
    const { status, text } = await engine.request(api, method, path, body);
    answers.push(text);
    return { status, text };
  };
  const toJson = (events: unknown): unknown =>
    JSON.parse(JSON.stringify(events, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)));
  const call = async (method: string, path: string, body?: unknown) => {
    const { status, text } = await request(method, path, body);
    if (status >= 400) throw new Error(`${method} ${path}: ${status} ${text}`);
    return (text === '' ? null : JSON.parse(text)) as Record<string, unknown>;
  };
  const save = (type: string, actions: Step[]) =>
    engine.save(
      JSON.stringify({
        ...{ name: type, mode: 'parallel', max_runs: 100 },
        triggers: [{ event: 'automation.event', config: { type } }],
        actions: [
          ...actions.map((action) => ({ continue_on_error: true, ...action })),
          { variables: { all: '{{ trigger.payload.data }}' } },
        ],
      }),
    );
  const soon = { retry: { max_attempts: 2, initial_seconds: 0.1 }, timeout_seconds: 1 };
  const connect = async (type: string, config: Step) =>
    String((await call('POST', '/connections', { name: type, type, config }))['id']);

  function webhooks(url: string, name: string): Step[] {
    const auth: Step[] = [
      { authType: 'bearer', bearerToken: secret(name) },
      { authType: 'basic', basicUsername: 'u', basicPassword: secret(name) },
      { authType: 'header', authHeaderName: 'X-Key', authHeaderValue: secret(name) },
    ];
    return auth.map((how) => ({
      ...soon,
      action: 'integration-webhook.send',
      config: { url, ...how, signingSecret: secret('PART') },
    }));
  }

  async function tryOut(ids: Record<'jira' | 'teams' | 'webex' | 'smtp', string>): Promise<void> {
    const options = { jira: 'projectKey', webex: 'roomId' };
    await Promise.all([
      ...Object.values(ids).map((id) => request('POST', `/connections/${id}/test`)),
      ...Object.entries(options).map(([type, field]) =>
        request('GET', `/connections/${ids[type as keyof typeof options]}/options/${field}`),
      ),
    ]);
  }

  /**
   * Returns a step for every action that uses a connection. The secret is part of the connection, or the connection
   * refers to it by name.
   */
  async function products(url: string, value: string): Promise<Step[]> {
    const { hostname, port } = new URL(url);
    const isMail = url.startsWith(engine.receiver.url);
    const jira = await connect('jira', { baseUrl: url, email: 'ops@example.org', apiToken: value });
    const teams = await connect('teams', { workflowUrl: `${url}/workflows/1?sig=${encodeURIComponent(value)}` });
    const webex = await connect('webex', { botToken: value, baseUrl: url });
    const hooks = await connect('webhook', {
      baseUrl: url,
      headers: { 'X-Key': secret('UNICODE') === value ? secret('PART') : value },
    }).catch(() => null);
    const smtp = await connect('smtp', {
      ...{ host: hostname, port: isMail ? (mail.server.address() as AddressInfo).port : Number(port || 80) },
      ...{ user: 'ops@example.org', password: value, tls: 'none' },
    });
    if (url !== urls['hang']) await tryOut({ jira, teams, webex, smtp });
    const steps: [string, Step][] = [
      ['integration-jira.create_issue', { connectionId: jira, projectKey: 'OPS', issueTypeId: '1', summary: 'x' }],
      ['integration-jira.transition_issue', { connectionId: jira, issueKey: 'OPS-1', transitionId: '31' }],
      ['integration-jira.add_comment', { connectionId: jira, issueKey: 'OPS-1', body: 'x' }],
      ['integration-jira.search_issues', { connectionId: jira, projectKey: 'OPS' }],
      ['integration-teams.post_message', { connectionId: teams, body: 'x' }],
      ['integration-webex.post_message', { connectionId: webex, roomId: 'R', markdown: 'x' }],
      ['notification.send', { channel: smtp, to: ['a@example.org'], title: 'x', body: 'x' }],
      ...(hooks === null ? [] : [['notification.send', { channel: hooks, title: 'x', body: 'x' }] as [string, Step]]),
    ];
    return steps.map(([action, config]) => ({ ...soon, action, config }));
  }

  function scripts(name: string): Step[] {
    const secretEnv = { TOKEN: secret(name) };
    const shell = (script: string, more: Step = {}) => ({
      action: 'integration-script.run_shell',
      config: { script, secretEnv, ...more },
    });
    return [
      shell('printf %s "$TOKEN"; printf %s "$TOKEN" | base64 >&2; env; exit 3'),
      shell('for ((i = 0; i < ${#TOKEN}; i++)); do printf %s "${TOKEN:$i:1}"; done'),
      shell('printf %s "$TOKEN"; sleep 30', { timeout: 1000 }),
      {
        action: 'integration-script.run_script',
        config: {
          script: `export default async () => { const t = process.env.TOKEN; console.log(encodeURIComponent(t)); if (t.length % 2) throw new Error(t); return { t, json: JSON.stringify({ t }), b: Buffer.from(t).toString('base64') }; }`,
          secretEnv,
        },
      },
    ];
  }

  test('are found nowhere after actions failed and their worker was killed', async () => {
    const types: string[] = [];
    const ids: string[] = [];
    const add = async (type: string, actions: Step[]) => {
      types.push(type);
      ids.push(await save(type, actions));
    };
    for (const [outcome, url] of Object.entries(urls)) {
      await add(
        `canary.${outcome}.webhook`,
        NAMES.flatMap((name) => webhooks(url, name)),
      );
      // One secret of each kind, as part of the connection and referred to by name.
      for (const name of outcome === 'hang'
        ? (['QUOTES'] as const)
        : (['QUOTES', 'LINES', 'UNICODE', 'WHOLE'] as const)) {
        const value = name === 'WHOLE' ? CANARIES.WHOLE : secret(name);
        await add(`canary.${outcome}.${name}`, await products(url, value));
      }
    }
    for (const name of NAMES) await add(`canary.script.${name}`, scripts(name));
    await Promise.all(types.map((type) => engine.emit(type)));
    for (const id of ids) await engine.ended(1, id, 120_000);

    const killed = await save('canary.killed', [
      {
        action: 'integration-webhook.send',
        timeout_seconds: 3,
        retry: { max_attempts: 1 },
        config: { url: urls['hang'], authType: 'bearer', bearerToken: secret('WHOLE') },
      },
      {
        action: 'integration-script.run_shell',
        config: { script: 'printf %s "$TOKEN"; sleep 3', secretEnv: { TOKEN: secret('QUOTES') } },
      },
    ]);
    // The same for actions with a connection. When the worker is killed, their requests are in progress.
    const others = await save('canary.killed.products', [
      {
        parallel: (await products(urls['hang'] ?? '', secret('QUOTES'))).map((action) => ({
          ...action,
          timeout_seconds: 3,
        })),
      },
    ]);
    const before = engine.receiver.received.length;
    await engine.emit('canary.killed');
    await engine.emit('canary.killed.products');
    await until('the requests have arrived', () => engine.receiver.received.length > before + 3, 20_000);
    const { pid } = worker.child;
    await worker.stop('SIGKILL');
    // Use the codec from here on. What it encrypts must not contain secrets either.
    await startWorker({ FERMATA_CODEC: 'aes-gcm' });
    await engine.ended(1, killed, 90_000);
    await engine.ended(1, others, 90_000);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`fermata-script-${pid}-`))).toEqual([]);

    for (const kind of ['run_shell', 'run_script']) {
      const script =
        kind === 'run_shell'
          ? 'printf %s "$TOKEN"; exit 1'
          : 'export default async () => { throw new Error(process.env.TOKEN); }';
      for (const name of NAMES) {
        const { text } = await request('POST', '/scripts/test', {
          ...{ kind, script, secretEnv: { TOKEN: secret(name) } },
          secretOverrides: { [name]: CANARIES[name] },
        });
        expect(text).toContain('****');
      }
    }
    expect(await findSecrets()).toEqual([]);
  }, 400_000);

  /** Searches Postgres, histories, logs, responses, metrics and the command lines of all processes for secrets. */
  async function findSecrets(): Promise<string[]> {
    for (const { id } of await engine.runs()) await call('GET', `/runs/${id}`);
    const lists = [
      '/automations',
      '/waits',
      '/delays',
      '/dwells',
      '/audit',
      '/entities/incident',
      '/changes/failed',
      '/connections',
    ];
    for (const path of [...lists, '/notifications', '/secrets']) await call('GET', `${path}?limit=200`);
    const found: string[] = [];
    const search = (where: string, text: string) => found.push(...canariesIn(where, text));
    const { pool } = engine.database;
    const tables = await pool.query<{ name: string }>(
      `select quote_ident(tablename) as name from pg_tables where schemaname = 'public'`,
    );
    for (const { name } of tables.rows) {
      const rows = await pool.query<{ row: string }>(`select row_to_json(t)::text as row from ${name} t`);
      for (const { row } of rows.rows) search(`table ${name}`, row);
    }
    const { address, namespace } = engine.temporal;
    const connection = await Connection.connect({ address });
    const client = new Client({ connection, namespace });
    const keys = [Buffer.from(engine.env()['FERMATA_SECRET_KEY'] ?? '', 'base64')];
    const codec = createPayloadCodec({ keys, encrypts: false });
    for (const { workflow_id: workflowId, execution_run_id: executionId } of await engine.runs()) {
      const { events } = await client.workflow.getHandle(workflowId, executionId ?? undefined).fetchHistory();
      search(`history of ${workflowId}`, historyText(await decodeJson(toJson(events), codec)));
    }
    await connection.close();
    for (const output of outputs) search('logs', output());
    for (const answer of answers) search('answers', answer);
    for (const process of processes) search('processes', process);
    expect([...processes].some((line) => line.includes('worker'))).toBe(true);
    const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    search('metrics', metrics);
    const { authorization } = engine;
    search('metrics', await (await fetch(`${api.url}/metrics`, { headers: { authorization } })).text());
    expect(metrics).toMatch(/fermata_mask_hits_total [1-9]/);
    return [...new Set(found)].slice(0, 20);
  }
});
