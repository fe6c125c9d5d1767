import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createPayloadCodec } from '../../src/temporal/codec/payload-codec';
import { payloadToJson } from '../../src/temporal/codec/payload-json';
import { lazyClient } from '../../src/temporal/connect';
import { createCipher } from '../../src/domain/secrets/cipher';
import { findTemporalCli } from '../../src/dev/find-cli';
import { projectRoot } from '../../src/project-root';
import { historyText } from '../support/history-text';
import { startEngine, type Engine, type RunRow } from '../support/engine';
import { runFermata, type FermataProcess } from '../support/process';
import { until } from '../support/until';

const CANARY = 'canary-in-the-payload';
/** Automation name. Names are not encrypted, because workflow ids and search attributes contain them. */
const NAME = 'waits and fails';
const UI = 'https://temporal.example.com';
const [OLD, NEW] = [randomBytes(32), randomBytes(32)];
const base64 = (...keys: Buffer[]) => keys.map((key) => key.toString('base64')).join(',');

/** The variable is part of the history. The wait pauses the run before the variable is used again. */
const WAITS = `
name: ${NAME}
mode: parallel
triggers: [{ event: automation.event, config: { type: wait } }]
actions:
  - { variables: { note: "{{ trigger.payload.data.note }}" } }
  - { wait_until: { condition: "state.flag.go.up == true", timeout_seconds: 600 } }
  - { action: automation.log, config: { message: "{{ variables.note }}" } }
`;
const FAILS = `
name: ${NAME} fails
triggers: [{ event: automation.event, config: { type: fail } }]
actions:
  - { stop: { reason: "{{ trigger.payload.data.note }}", error: true } }
`;

describe('histories with the payload codec', () => {
  jest.setTimeout(540_000);
  let e: Engine;
  let api: FermataProcess & { url: string };
  let worker: FermataProcess;
  beforeAll(async () => {
    e = await startEngine();
    worker = await e.worker({ FERMATA_SECRET_KEY: base64(OLD) });
    api = await e.api({
      FERMATA_SECRET_KEY: base64(NEW, OLD),
      FERMATA_TEMPORAL_UI_URL: `${UI}/`,
      FERMATA_CODEC: 'aes-gcm',
    });
  }, 360_000);
  afterAll(() => e.close());

  const restart = async (env: Record<string, string>) => {
    await worker.stop();
    worker = await e.worker(env);
  };
  /** Returns everything that Temporal stores about a run, as text. Encrypted parts remain encrypted. */
  const historyOf = async ({ workflow_id, execution_run_id }: RunRow): Promise<string> => {
    const client = lazyClient(e.temporal);
    const handle = client.workflow.getHandle(workflow_id, execution_run_id ?? undefined);
    const { events } = await handle.fetchHistory();
    const { workflowExecutionInfo } = await client.workflowService.describeWorkflowExecution({
      namespace: e.temporal.namespace,
      execution: { workflowId: workflow_id, runId: execution_run_id },
    });
    await client.connection.close();
    return historyText([events, workflowExecutionInfo?.memo]);
  };
  /**
   * Returns the history once it contains the wait. The row already has the status `waiting` before the workflow task is
   * completed.
   */
  const historyWithWait = (run: RunRow | undefined): Promise<string> =>
    until('the wait is in the history', async () => {
      const history = await historyOf(run as RunRow);
      return history.includes('timerStartedEventAttributes') && history;
    });
  const waiting = async (id: string, count: number): Promise<RunRow[]> => {
    await e.emit('wait', { note: CANARY });
    return until('the run waits', async () => {
      const runs = (await e.runs(id)).filter(({ status }) => status === 'waiting');
      return runs.length === count && runs;
    });
  };

  test('are encrypted; runs continue when encryption is switched on, when the key changes and when it is switched off', async () => {
    await e.call(api, 'PUT', '/entity-kinds/flag', { schema: { type: 'object' } });
    const id = await e.save(WAITS);
    const failing = await e.save(FAILS);
    const [clear] = await waiting(id, 1);
    expect(await historyWithWait(clear)).toContain(CANARY);

    await restart({ FERMATA_SECRET_KEY: base64(OLD), FERMATA_CODEC: 'aes-gcm' });
    const [, oldKey] = await waiting(id, 2);
    await e.emit('fail', { note: CANARY });
    const [failed] = await e.ended(1, failing);
    expect(failed?.status).toBe('failed');
    await restart({ FERMATA_SECRET_KEY: base64(NEW, OLD), FERMATA_CODEC: 'aes-gcm' });
    const [, , newKey] = await waiting(id, 3);
    for (const run of [oldKey, newKey, failed]) {
      const history = run === failed ? await historyOf(run as RunRow) : await historyWithWait(run);
      expect(history).toContain('binary/encrypted');
      expect(history).not.toContain(CANARY);
    }

    const report = await runFermata(['replay-check'], e.env({ FERMATA_SECRET_KEY: base64(NEW, OLD) }));
    expect(report).toMatchObject({
      code: 0,
      out: expect.stringContaining('automation: 3 open executions replayed, 0') as string,
    });
    await expectToolsToDecode(newKey as RunRow);

    await restart({ FERMATA_SECRET_KEY: base64(NEW, OLD) });
    await e.call(api, 'PUT', '/entities/flag/go', { up: true });
    const ended = await e.ended(3, id, 60_000);
    expect(ended.map(({ status }) => status)).toEqual(['success', 'success', 'success']);
  });

  /**
   * Expects both tools to decode a history: Temporal's command line with the API's codec endpoint, and `fermata codec`.
   */
  async function expectToolsToDecode({ workflow_id, execution_run_id }: RunRow): Promise<void> {
    const cli = await findTemporalCli({
      ...{ home: join(projectRoot(), '.fermata'), env: process.env },
      onProgress: () => undefined,
    });
    const { address, namespace } = e.temporal;
    const show = async (...more: string[]) => {
      const which = ['--workflow-id', workflow_id, '--run-id', execution_run_id ?? ''];
      const args = ['workflow', 'show', '--address', address, '--namespace', namespace, ...which, '--output', 'json'];
      return (await promisify(execFile)(cli, [...args, ...more], { maxBuffer: 1 << 26 })).stdout;
    };
    const raw = await show();
    expect(historyText(JSON.parse(raw))).not.toContain(CANARY);
    const remote = ['--codec-endpoint', `${api.url}/api/v1/codec`, '--codec-auth', e.authorization];
    expect(historyText(JSON.parse(await show(...remote)))).toContain(CANARY);
    const local = await runFermata(['codec'], e.env({ FERMATA_SECRET_KEY: base64(NEW) }), raw);
    expect(local).toMatchObject({ code: 0, out: expect.stringContaining(CANARY) as string });
    const wrong = await runFermata(['codec'], e.env(), raw);
    expect(wrong).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('which is not in FERMATA_SECRET_KEY') as string,
    });
  }

  describe('the API under /codec', () => {
    const decode = (payloads: unknown[], headers: Record<string, string>, method = 'POST') =>
      fetch(`${api.url}/api/v1/codec/decode`, {
        method,
        headers: { 'content-type': 'application/json', 'x-namespace': 'default', ...headers },
        ...(method === 'POST' ? { body: JSON.stringify({ payloads }) } : {}),
      });
    const sealed = async () => {
      const codec = createPayloadCodec({ keys: [OLD], encrypts: true });
      const [payload] = await codec.encode([
        { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('7') },
      ]);
      return payloadToJson(payload ?? {});
    };
    const tokenOf = async (role: string) => {
      const { token } = await e.call(api, 'POST', '/tokens', { name: role, roles: [role] });
      return { authorization: `Bearer ${String(token)}` };
    };

    test('decodes for tokens that may read runs, and for no others', async () => {
      const payload = await sealed();
      const seven = { metadata: { encoding: Buffer.from('json/plain').toString('base64') }, data: 'Nw==' };
      const answer = await decode([payload, seven], await tokenOf('viewer'));
      expect({ status: answer.status, body: await answer.json() }).toEqual({
        status: 200,
        body: { payloads: [seven, seven] },
      });
      expect((await decode([payload], {})).status).toBe(401);
      expect((await decode([payload], { authorization: 'Bearer guessed' })).status).toBe(401);
      expect((await decode([payload], await tokenOf('ingest'))).status).toBe(403);
    });

    test('encodes payloads, and decodes them to the original', async () => {
      const encoded = await e.call(api, 'POST', '/codec/encode', { payloads: [{ metadata: {}, data: 'Nw==' }] });
      expect(JSON.stringify(encoded)).not.toContain('Nw==');
      const answer = await decode(encoded['payloads'] as unknown[], { authorization: e.authorization });
      expect(await answer.json()).toEqual({ payloads: [{ metadata: {}, data: 'Nw==' }] });
    });

    test('refuses invalid and altered payloads, and those sealed as secrets', async () => {
      const headers = { authorization: e.authorization };
      const payload = await sealed();
      const secret = createCipher([OLD]).seal('TOKEN', 'hidden');
      const data = Buffer.concat([Buffer.alloc(16), Buffer.from(secret.nonce + secret.ciphertext, 'base64')]);
      for (const wrong of [
        { ...payload, data: 'not base64!' },
        { ...payload, data: payload.data.slice(0, 40) },
        { ...payload, data: data.toString('base64') },
        { ...payload, metadata: { ...payload.metadata, 'encryption-key-id': 'AAAA' } },
      ]) {
        const answer = await decode([wrong], headers);
        expect({ status: answer.status, text: await answer.text() }).toEqual({
          status: 422,
          text: expect.not.stringContaining('hidden') as string,
        });
      }
    });

    test('allows cross-origin calls only from the Web UI', async () => {
      const preflight = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-namespace' };
      const preflighted = await decode([], { ...preflight, origin: UI }, 'OPTIONS');
      expect(preflighted.status).toBe(204);
      expect(Object.fromEntries(preflighted.headers)).toMatchObject({
        'access-control-allow-origin': UI,
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': 'Authorization, Content-Type, X-Namespace',
        'access-control-allow-credentials': 'true',
        vary: expect.stringContaining('Origin') as string,
      });
      const answered = await decode([await sealed()], { authorization: e.authorization, origin: UI });
      expect(answered.headers.get('access-control-allow-origin')).toBe(UI);
      for (const origin of ['https://evil.example', 'null', `${UI}.evil.example`, 'http://temporal.example.com']) {
        const refused = await decode([], { ...preflight, origin }, 'OPTIONS');
        expect(refused.headers.get('access-control-allow-origin')).toBeNull();
        const served = await decode([await sealed()], { authorization: e.authorization, origin });
        expect(served.headers.get('access-control-allow-origin')).toBeNull();
      }
      const elsewhere = await fetch(`${api.url}/api/v1/runs`, {
        headers: { authorization: e.authorization, origin: UI },
      });
      expect(elsewhere.headers.get('access-control-allow-origin')).toBeNull();
    });

    test("accepts the console's cookie without a CSRF token only from the Web UI", async () => {
      const login = await fetch(`${api.url}/api/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token: e.authorization.replace('Bearer ', '') }),
      });
      const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
      expect(cookie).toContain('fermata_session=');
      expect((await decode([await sealed()], { cookie, origin: UI })).status).toBe(200);
      expect((await decode([await sealed()], { cookie, origin: 'https://evil.example' })).status).toBe(403);
      expect((await decode([await sealed()], { cookie })).status).toBe(403);
    });
  });
});
