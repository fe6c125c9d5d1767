import { startEngine, type Engine } from '../support/engine';
import { startJiraServer, type JiraServer } from '../support/jira-server';
import { until } from '../support/until';

const ACCOUNT = { email: 'ada@example.org', apiToken: 'canary-token-"ü' };

const opening = (connection: string, type: string, more = '') => `
name: ${type}
mode: parallel
triggers: [{ event: automation.event, config: { type: ${type} } }]
actions:
  - id: open
    action: integration-jira.create_issue
    config: { connectionId: ${connection}, projectKey: "{{ trigger.payload.data.project }}", issueTypeId: "10", summary: "Down" }
${more}
`;

describe('Jira', () => {
  let engine: Engine;
  let jira: JiraServer;
  let api: { url: string };
  let connection: string;
  beforeEach(async () => {
    [engine, jira] = [await startEngine(), await startJiraServer(ACCOUNT)];
    api = await engine.api();
    const config = { baseUrl: jira.url, ...ACCOUNT };
    const made = await engine.post(api, '/connections', { name: 'Jira', type: 'jira', config });
    const text = await made.text();
    expect([made.status, text.includes('canary')]).toEqual([201, false]);
    connection = (JSON.parse(text) as { id: string }).id;
  }, 180_000);
  afterEach(async () => {
    await engine.close();
    await jira.close();
  });
  const request = (method: string, path: string, body?: unknown) =>
    engine.request(api, method, `/connections/${connection}${path}`, body);

  it('creates an issue, adds a comment, transitions it once and finds it', async () => {
    await engine.worker();
    const id = await engine.save(
      opening(
        connection,
        'life',
        `  - { action: integration-jira.add_comment, config: { connectionId: ${connection}, body: "Looking\\ninto it" } }
  - { action: integration-jira.transition_issue, config: { connectionId: ${connection}, transitionId: "31" } }
  - { action: integration-jira.transition_issue, config: { connectionId: ${connection}, issueKey: OPS-1, transitionId: "31" } }
  - { action: integration-jira.search_issues, config: { connectionId: ${connection}, projectKey: OPS } }`,
      ),
    );
    await engine.emit('life', { project: 'OPS' });
    const [run] = await engine.ended(1, id, 60_000);
    expect(run).toMatchObject({ status: 'success' });
    expect(jira.issues).toEqual([expect.objectContaining({ key: 'OPS-1' })]);
    expect(jira.issues[0]?.fields).toMatchObject({ issuetype: { id: '10' }, status: { name: 'Done' } });
    expect(jira.issues[0]?.comments).toHaveLength(1);
    const moves = jira.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/transitions'));
    expect(moves).toHaveLength(1);
    const steps = await engine.steps(run?.id ?? '');
    expect(steps.at(-1)?.result).toMatchObject({ found: true, count: 1, firstIssueKey: 'OPS-1' });
  }, 360_000);

  it('creates one issue in a project without a labels field, even if the worker is killed', async () => {
    jira.withoutLabels();
    const first = await engine.worker({ FERMATA_FAILPOINT: 'after-effect-before-completion:1' });
    const id = await engine.save(opening(connection, 'labels'));
    await engine.emit('labels', { project: 'OPS' });
    await until('the worker was killed', () => first.exited(), 60_000);
    await engine.worker();
    const [run] = await engine.ended(1, id, 90_000);
    expect(run).toMatchObject({ status: 'success' });
    expect(jira.issues.map(({ fields }) => fields.labels)).toEqual([undefined]);
    const [step] = await engine.steps(run?.id ?? '');
    expect(step).toMatchObject({
      ...{ attempts: 2, result: { issueKey: 'OPS-1' } },
    });
  }, 540_000);

  it('transitions an issue to a status by name, and reports a status that no transition leads to', async () => {
    await engine.worker();
    const move = (id: string, config: string) =>
      `  - { id: ${id}, action: integration-jira.transition_issue, config: { connectionId: ${connection}, issueKey: OPS-1, ${config} }, continue_on_error: true }`;
    const id = await engine.save(
      opening(
        connection,
        'status',
        ['toStatus: Blocked', 'toStatus: done', 'toStatus: Done', 'transitionId: "31"', 'transitionId: "7"']
          .map((config, index) => move(`m${index}`, config))
          .join('\n'),
      ),
    );
    await engine.emit('status', { project: 'OPS' });
    const [run] = await engine.ended(1, id, 60_000);
    const [, ...steps] = await engine.steps(run?.id ?? '');
    expect(steps.map(({ status, error }) => [status, error?.message])).toEqual([
      ['failed', 'A transition to Blocked is not possible for OPS-1 in To Do. Jira offers: 31 (Close, to Done).'],
      ['success', undefined],
      ['success', undefined],
      ['success', undefined],
      ['failed', 'Transition 7 is not possible for OPS-1 in Done. Jira offers: none.'],
    ]);
    const moves = jira.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/transitions'));
    expect(moves).toHaveLength(1);
  }, 360_000);

  it("retries after the time in Retry-After, and reports Jira's message about a wrong project", async () => {
    await engine.worker();
    const id = await engine.save(opening(connection, 'limits'));
    jira.failNext(429, { errorMessages: ['Rate limit exceeded'] }, { 'retry-after': '2' });
    const before = Date.now();
    await engine.emit('limits', { project: 'OPS' });
    await engine.ended(1, id, 60_000);
    expect(Date.now() - before).toBeGreaterThan(1_900);
    expect(jira.issues).toHaveLength(1);
    await engine.emit('limits', { project: 'NOPE' });
    const runs = await engine.ended(2, id, 60_000);
    expect(runs.find(({ status }) => status === 'failed')?.error).toMatchObject({
      code: 'http_status',
      status: 400,
      message: expect.stringContaining('valid project is required') as string,
    });
  }, 360_000);

  it("creates one issue even if the worker is killed between Jira's response and the completion", async () => {
    const first = await engine.worker({ FERMATA_FAILPOINT: 'after-effect-before-completion:1' });
    const id = await engine.save(opening(connection, 'killed'));
    await engine.emit('killed', { project: 'OPS' });
    await until('the worker was killed', () => first.exited(), 60_000);
    expect(jira.issues).toHaveLength(1);
    await engine.worker();
    const [run] = await engine.ended(1, id, 90_000);
    expect(run).toMatchObject({ status: 'success' });
    expect(jira.issues).toHaveLength(1);
    const [step] = await engine.steps(run?.id ?? '');
    expect(step).toMatchObject({ attempts: 2, result: { issueKey: 'OPS-1' } });
  }, 540_000);

  it('has a connection test and choices, which never reveal its token', async () => {
    expect(JSON.parse((await request('POST', '/test')).text)).toEqual({ ok: true, message: 'Connected as Ada.' });
    const types = await request('GET', '/options/issueTypeId?projectKey=OPS');
    expect(JSON.parse(types.text)).toEqual({ items: [{ value: '10', label: 'Incident' }] });
    expect((await request('GET', '/options/constructor')).status).toBe(404);
    const first = await request('GET', '/options/issueTypeId');
    expect([first.status, first.text]).toEqual([422, expect.stringContaining('Choose projectKey first')]);
    expect((await request('PATCH', '', { name: 'Renamed', config: { email: 'x@example.org' } })).status).toBe(200);
    const refused = await request('POST', '/test');
    expect(JSON.parse(refused.text)).toMatchObject({ ok: false });
    expect(refused.text).toContain('(Basic ****)');
    jira.failNext(401, { errorMessages: [`bad token ${ACCOUNT.apiToken}`] });
    const echoed = await request('POST', '/test');
    expect(echoed.text).toContain('bad token ****');
    const moved = await request('PATCH', '', { config: { baseUrl: 'http://127.0.0.1:9' } });
    expect(moved.status).toBe(422);
    const inside = { config: { baseUrl: 'http://169.254.169.254', apiToken: 'other-token' } };
    expect((await request('PATCH', '', inside)).status).toBe(200);
    expect(JSON.parse((await request('POST', '/test')).text)).toMatchObject({ ok: false });
    for (const { text } of [types, refused, echoed, moved]) expect(text).not.toContain('canary');
  }, 180_000);
});
