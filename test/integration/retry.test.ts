import type { ServerResponse } from 'node:http';
import { startEngine, type Engine, type RunRow } from '../support/engine';
import type { FermataProcess } from '../support/process';
import { startVendorServer } from '../support/vendor-server';
import { startGitlabServer } from '../support/vendors/forge-servers';
import { startSlackServer } from '../support/vendors/slack-server';

const automation = (type: string) => `
name: five steps
mode: single
concurrency_scope: context_key
variables: { began: "{{ trigger.payload.data.n }}", at: "{{ now }}" }
triggers:
  - { event: automation.event, config: { type: ${type} } }
actions:
  - { id: first, action: integration-webhook.send, config: { url: "$URL/first" } }
  - { id: swallowed, continue_on_error: true, action: integration-webhook.send, config: { url: "$URL/swallowed" }, retry: { max_attempts: 1 } }
  - variables: { second: "{{ variables.began }}-{{ artifacts.first.delivery.status }}" }
  - choose:
      - when: trigger.payload.data.n == 1
        sequence:
          - { id: inner, action: integration-webhook.send, config: { url: "$URL/inner" } }
          - { id: broken, action: integration-webhook.send, config: { url: "$URL/broken", body: { v: "{{ variables.second }}" } }, retry: { max_attempts: 1 } }
  - { id: last, action: integration-webhook.send, config: { url: "$URL/last", body: { v: "{{ variables.second }}", at: "{{ variables.at }}" } } }
`;

describe('retrying runs', () => {
  let engine: Engine;
  let api: FermataProcess & { url: string };
  let broken: boolean;

  beforeAll(async () => {
    engine = await startEngine();
    [api] = await Promise.all([engine.api(), engine.worker()]);
  }, 270_000);
  afterAll(() => engine.close());
  beforeEach(() => {
    engine.receiver.received.splice(0);
    broken = true;
    engine.receiver.answerWith(({ path }, response) => {
      const fails = path === '/swallowed' || (broken && path === '/broken');
      response.statusCode = fails ? 400 : 200;
      response.end('{"status":"fine"}');
    });
  });

  const paths = () => engine.receiver.received.map(({ path }) => path);
  const keyOf = (path: string) => engine.receiver.received.filter((each) => each.path === path).map(({ key }) => key);
  const failedRun = async (subject: string): Promise<{ id: string; run: RunRow }> => {
    const id = await engine.save(automation(subject));
    await engine.emit(subject, { n: 1 }, { subject });
    const [run] = await engine.ended(1, id);
    expect(run).toMatchObject({ status: 'failed', error: { path: 'actions[3].choose[0].sequence[1]' } });
    return { id, run: run as RunRow };
  };
  const retry = async (runId: string, body: unknown) => {
    const response = await engine.post(api, `/runs/${runId}/retry`, body);
    return { status: response.status, body: (await response.json()) as { runId: string; code?: string } };
  };

  it('continues at the failed step, with the results of earlier steps and the keys of the first run', async () => {
    const { id, run } = await failedRun('from-failure');
    const before = paths().length;
    broken = false;
    const { status, body } = await retry(run.id, { from: 'failure' });
    expect(status).toBe(201);
    const [, again] = await engine.ended(2, id);
    expect(again).toMatchObject({
      id: body.runId,
      status: 'success',
      parent_run_id: run.id,
      root_run_id: run.id,
      version: 1,
      context_key: 'from-failure',
      change_id: null,
    });
    expect(paths().slice(before)).toEqual(['/broken', '/last']);
    expect(new Set(keyOf('/broken'))).toEqual(new Set([`${run.id}:actions[3].choose[0].sequence[1]`]));
    const last = JSON.parse(engine.receiver.received.at(-1)?.body ?? '') as Record<string, unknown>;
    expect(last['v']).toMatch(/^1-/);
    const steps = await engine.steps(body.runId);
    expect(steps.map((step) => [step.path, step.status])).toEqual([
      ['actions[0]', 'success'],
      ['actions[1]', 'failed'],
      ['actions[2]', 'success'],
      ['actions[3]', 'success'],
      ['actions[3].choose[0].sequence[0]', 'success'],
      ['actions[3].choose[0].sequence[1]', 'success'],
      ['actions[4]', 'success'],
    ]);
    expect((await retry(body.runId, { from: 'failure' })).body).toMatchObject({ code: 'not_retryable' });
  }, 180_000);

  it('repeats all steps from the start, with new keys', async () => {
    const { id, run } = await failedRun('from-start');
    const before = paths().length;
    broken = false;
    const { body } = await retry(run.id, { from: 'start' });
    const [, again] = await engine.ended(2, id);
    expect(again).toMatchObject({ status: 'success', parent_run_id: run.id, root_run_id: body.runId });
    expect(paths().slice(before)).toEqual(['/first', '/swallowed', '/inner', '/broken', '/last']);
    expect(keyOf('/first')).toEqual([`${run.id}:actions[0]`, `${body.runId}:actions[0]`]);
  }, 180_000);

  it('uses the version of the original run, even if the automation has changed and is disabled', async () => {
    const { id, run } = await failedRun('pinned');
    await engine.save(automation('pinned').replace('$URL/last', '$URL/changed'), id);
    await engine.post(api, `/automations/${id}/disable`, {});
    broken = false;
    await retry(run.id, {});
    const [, again] = await engine.ended(2, id);
    expect(again).toMatchObject({ status: 'success', version: 1 });
    expect(paths().at(-1)).toBe('/last');
  }, 180_000);

  it('creates one run for three concurrent retries in the mode single', async () => {
    const { id, run } = await failedRun('twice');
    engine.receiver.answerWith((_received, response) => void setTimeout(() => response.end('ok'), 1_000));
    const answers = await Promise.all([retry(run.id, {}), retry(run.id, {}), retry(run.id, { from: 'start' })]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    expect(answers.filter(({ status }) => status === 409).map(({ body }) => body.code)).toEqual([
      'already_running',
      'already_running',
    ]);
    expect(await engine.ended(2, id)).toHaveLength(2);
  }, 180_000);

  it('continues at the failed step again if the first retry failed, too', async () => {
    const { id, run } = await failedRun('chain');
    const first = await retry(run.id, {});
    await engine.ended(2, id);
    broken = false;
    const second = await retry(first.body.runId, {});
    const runs = await engine.ended(3, id);
    expect(runs[2]).toMatchObject({
      id: second.body.runId,
      status: 'success',
      parent_run_id: first.body.runId,
      root_run_id: run.id,
    });
    expect(paths().filter((path) => path === '/first')).toHaveLength(1);
    expect(new Set(keyOf('/broken')).size).toBe(1);
  }, 180_000);

  it('retries the failed runs that match a filter and have not been retried', async () => {
    const id = await engine.save(automation('bulk'));
    for (const subject of ['a', 'b', 'c']) await engine.emit('bulk', { n: 1 }, { subject });
    await engine.ended(3, id);
    const bulk = async (body: unknown) => (await engine.post(api, '/runs/retry', body)).json();
    broken = false;
    expect(await bulk({ automationId: id, contextKey: 'a' })).toEqual({ matched: 1, done: 1 });
    await engine.ended(4, id);
    expect(await bulk({ automationId: id })).toEqual({ matched: 3, done: 2 });
    const runs = await engine.ended(6, id);
    expect(runs.filter(({ status }) => status === 'success')).toHaveLength(3);
    expect(await bulk({ automationId: id })).toEqual({ matched: 3, done: 0 });
    expect((await engine.post(api, '/runs/retry', {})).status).toBe(422);
  }, 180_000);

  it('takes the same times as the list of runs, also dates', async () => {
    const { id } = await failedRun('dated');
    const bulk = async (body: unknown) => (await engine.post(api, '/runs/retry', body)).json();
    expect(await bulk({ automationId: id, from: '2990-01-01' })).toEqual({ matched: 0, done: 0 });
    expect(await bulk({ automationId: id, to: '2026-01-01T00:00' })).toEqual({ matched: 0, done: 0 });
    expect(await bulk({ automationId: id, from: '2026-01-01', to: '2990-01-01' })).toEqual({ matched: 1, done: 1 });
  }, 180_000);

  /** Starts a gateway to a vendor. It answers the first request to a matching path with 504 after forwarding it. */
  const startGateway = (vendor: { url: string }, loses: RegExp) => {
    let lost = false;
    return startVendorServer(({ method, path, headers, body }) => {
      const loss = !lost && method === 'POST' && loses.test(path);
      lost ||= loss;
      const sent = Object.entries(headers).filter(([name]) =>
        ['content-type', 'private-token', 'authorization'].includes(name),
      );
      const init = {
        method,
        headers: Object.fromEntries(sent) as Record<string, string>,
        ...(body !== '' && { body }),
      };
      const stream = (response: ServerResponse) =>
        void fetch(`${vendor.url}${path}`, init).then(async (answer) => response.end(await answer.text()));
      return { status: loss ? 504 : 200, stream };
    });
  };

  /** Runs two steps whose first request is lost, retries the run, and returns the calls that the vendor received. */
  const retryAfterLoss = async (type: string, config: Record<string, unknown>, step: (n: number) => unknown) => {
    const connection = await engine.post(api, '/connections', { name: type, type, config });
    expect(connection.status).toBe(201);
    const actions = JSON.stringify([step(1), step(2)]).replaceAll(
      '$CONNECTION',
      ((await connection.json()) as { id: string }).id,
    );
    const id = await engine.save(
      `{ name: ${type}, triggers: [{ event: automation.event, config: { type: ${type} } }], actions: ${actions} }`,
    );
    await engine.emit(type);
    const [run] = await engine.ended(1, id);
    expect(run).toMatchObject({ status: 'failed', error: { path: 'actions[0]' } });
    await retry(run?.id ?? '', { from: 'failure' });
    expect((await engine.ended(2, id))[1]).toMatchObject({ status: 'success' });
  };

  it('searches for the effect of a call whose answer was lost, and not for the effect of a call never sent', async () => {
    const gitlab = await startGitlabServer({ token: 'canary-gitlab' });
    const gateway = await startGateway(gitlab, /notes/);
    try {
      await retryAfterLoss('gitlab', { token: 'canary-gitlab', baseUrl: gateway.url }, (n) => ({
        action: 'integration-gitlab.comment',
        config: { connectionId: '$CONNECTION', projectId: 7, issueNumber: 1, body: `Note ${n}` },
        retry: { max_attempts: 1 },
      }));
      expect(gitlab.requests.map(({ method }) => method)).toEqual(['POST', 'GET', 'POST']);
      expect(gitlab.notes.map(({ body }) => String(body).slice(0, 6))).toEqual(['Note 1', 'Note 2']);
    } finally {
      await Promise.all([gateway.close(), gitlab.close()]);
    }
  }, 180_000);

  it('notifies once if the answer to a notification was lost', async () => {
    const slack = await startSlackServer('xoxb-canary');
    const gateway = await startGateway(slack, /postMessage/);
    try {
      const config = { botToken: 'xoxb-canary', signingSecret: 'canary-signing', baseUrl: gateway.url };
      await retryAfterLoss('slack', config, (n) => ({
        action: 'notification.send',
        config: { channel: '$CONNECTION', to: 'C0OPS', title: `Note ${n}`, body: 'db' },
        retry: { max_attempts: 1 },
      }));
      expect(slack.messages.map(({ text }) => text)).toEqual(['*Note 1*\ndb', '*Note 2*\ndb']);
    } finally {
      await Promise.all([gateway.close(), slack.close()]);
    }
  }, 180_000);

  it('shows the scope of a step', async () => {
    const { run } = await failedRun('scope');
    const scope = async (path: string) => {
      const response = await fetch(`${api.url}/api/v1/runs/${run.id}/scope?actionPath=${encodeURIComponent(path)}`, {
        headers: { authorization: engine.authorization },
      });
      return (await response.json()) as { snapshot: boolean; scope: Record<string, Record<string, unknown>> };
    };
    const before = await scope('actions[0]');
    expect(before.snapshot).toBe(true);
    expect(before.scope).toMatchObject({ trigger: { payload: { data: { n: 1 } } }, artifacts: {} });
    expect(before.scope['variables']).not.toHaveProperty('second');
    const after = await scope('actions[3].choose[0].sequence[1]');
    expect(after.scope['variables']).toMatchObject({ began: 1, second: expect.stringMatching(/^1-/) });
    expect(Object.keys(after.scope['artifacts'] ?? {})).toEqual(['first', 'inner']);
    expect(await scope('actions[4]')).toMatchObject({ snapshot: false });
  }, 180_000);

  it('shows the item of a step in a loop', async () => {
    const id = await engine.save(`
name: looped
triggers: [{ event: automation.event, config: { type: looped } }]
actions:
  - repeat:
      for_each: "['a', 'b']"
      sequence: [ { repeat: { count: 1, sequence: [ { variables: { x: 1 } } ] } }, { variables: { x: "{{ repeat.item }}" } } ]
`);
    await engine.emit('looped');
    const [run] = await engine.ended(1, id);
    const repeatAt = async (path: string) => {
      const response = await fetch(`${api.url}/api/v1/runs/${run?.id ?? ''}/scope?actionPath=${path}`, {
        headers: { authorization: engine.authorization },
      });
      return ((await response.json()) as { scope: { repeat?: unknown } }).scope.repeat;
    };
    expect(await repeatAt('actions[0].repeat[1].sequence[1]')).toEqual({
      index: 1,
      first: false,
      last: true,
      item: 'b',
    });
    expect(await repeatAt('actions[0].repeat[0].sequence[0].repeat[0].sequence[0]')).toEqual({
      ...{ index: 0, first: true, last: true },
    });
    expect(await repeatAt('actions[0]')).toBeUndefined();
  }, 180_000);
});
