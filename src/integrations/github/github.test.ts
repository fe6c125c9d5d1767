import { generateKeyPairSync } from 'node:crypto';
import { createActionRunner } from '../../../test/support/run-action';
import { startGithubServer } from '../../../test/support/vendors/forge-servers';

const token = 'canary-github-token';
const pair = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const pem = (key: typeof pair.publicKey, type: 'spki' | 'pkcs8') => key.export({ type, format: 'pem' }).toString();
let server: Awaited<ReturnType<typeof startGithubServer>>;
let runner: ReturnType<typeof createActionRunner>;
beforeEach(async () => {
  server = await startGithubServer({ token, publicKey: pem(pair.publicKey, 'spki') });
  runner = createActionRunner('github', { token, baseUrl: server.url });
});
afterEach(() => server.close());

const place = { owner: 'acme', repo: 'shop' };
const create = (options = {}, more = {}) =>
  runner.run('integration-github.create_issue', { ...place, title: 'Down', body: 'db', ...more }, options);

it('creates an issue once, adds a comment and closes the issue', async () => {
  const { artifact } = await create();
  expect(artifact).toEqual({ number: 1, url: 'https://github.example/acme/shop/issues/1', reused: false });
  expect((await create({ attempt: 2 })).artifact).toEqual({ ...artifact, reused: true });
  expect((await create({ sentBefore: true })).artifact).toMatchObject({ number: 1, reused: true });
  const consumed = artifact as Record<string, unknown>;
  const comment = (attempt: number) =>
    runner.run('integration-github.comment', { ...place, body: 'x' }, { consumed, attempt, idempotencyKey: 'run-1:c' });
  await comment(1);
  expect((await comment(2)).artifact).toMatchObject({ id: 1 });
  expect((await runner.run('integration-github.close_issue', place, { consumed })).closesConsumed).toBe(true);
  expect([server.issues.map(({ state }) => state), server.comments.length]).toEqual([['closed'], 1]);
});

it('cuts long titles, bodies and descriptions', async () => {
  await create({}, { title: 't'.repeat(300), body: 'ü'.repeat(70_000) });
  expect([server.issues[0]?.title.length, server.issues[0]?.body.length]).toEqual([256, 65_536]);
  expect(runner.notes).toHaveLength(2);
  const status = { ...place, deploymentId: 7, state: 'success', description: 'd'.repeat(200) };
  await runner.run('integration-github.create_deployment_status', status);
  expect(server.statuses[0]?.['description']).toBe(`${'d'.repeat(139)}…`);
  expect(runner.notes.at(-1)).toBe('description was cut: it has 200 characters, and GitHub accepts at most 140.');
});

it('runs a workflow once, and fails if the workflow fails', async () => {
  const dispatch = (more = {}, options = {}) =>
    runner.run(
      'integration-github.dispatch_workflow',
      { ...place, workflow: 'deploy.yml', ref: 'main', ...more },
      options,
    );
  expect((await dispatch()).artifact).toMatchObject({ id: 1, status: 'completed', conclusion: 'success' });
  await dispatch({}, { attempt: 2 });
  expect(server.runs).toHaveLength(1);
  runner.progress.set('lost', { dispatchedAt: new Date(Date.now() - 60_000).toISOString() });
  expect((await dispatch({}, { attempt: 2, idempotencyKey: 'lost' })).artifact).toMatchObject({ id: 1 });
  await new Promise((resolve) => setTimeout(resolve, 10));
  server.runs.splice(0);
  await expect(dispatch({ inputs: { fail: true } }, { idempotencyKey: 'b' })).rejects.toMatchObject({
    ...{ retryable: false, output: { conclusion: 'failure' } },
  });
  await expect(dispatch({ ref: 'gone' }, { idempotencyKey: 'c' })).rejects.toThrow('No ref found for: gone');
});

it('sets deployment statuses and creates checks', async () => {
  await runner.run('integration-github.create_deployment_status', { ...place, deploymentId: 7, state: 'success' });
  const check = (attempt: number) =>
    runner.run(
      'integration-github.create_check',
      { ...place, headSha: 'abc', name: 'Fermata', conclusion: 'success' },
      { attempt },
    );
  await check(1);
  expect((await check(2)).artifact).toEqual({ id: 1 });
  expect([server.statuses.length, server.checks.length]).toEqual([1, 1]);
});

it('has a connection test and lists choices, with a token or as an app', async () => {
  const app = createActionRunner('github', {
    ...{ appId: '42', privateKey: pem(pair.privateKey as never, 'pkcs8'), installationId: '9', baseUrl: server.url },
  });
  for (const each of [runner, app]) {
    expect(await each.test()).toBe('Connected; 4999 requests are left this hour.');
    expect(await each.options('repo', { owner: 'acme' })).toEqual([{ value: 'shop', label: 'acme/shop' }]);
  }
  expect(await runner.options('workflow', place)).toEqual([{ value: 'deploy.yml', label: 'Deploy' }]);
  await expect(createActionRunner('github', { baseUrl: server.url }).test()).rejects.toThrow('Set token, or appId');
  await expect(createActionRunner('github', { token: 'x', baseUrl: server.url }).test()).rejects.toThrow(
    'Bad credentials',
  );
});

it('waits for the rate limit that GitHub reports with 403', async () => {
  const reset = String(Math.floor(Date.now() / 1_000) + 60);
  const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset };
  server.failures.push({ status: 403, headers, body: { message: 'API rate limit exceeded' } });
  const failure = (await create().catch((error: unknown) => error)) as { retryable: boolean; retryAfterMs: number };
  expect(failure).toMatchObject({ retryable: true });
  expect(failure.retryAfterMs).toBeGreaterThan(50_000);
  // The clock of this machine is 10 minutes behind that of GitHub.
  const ahead = Date.now() + 600_000;
  server.failures.push({
    status: 403,
    headers: {
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(Math.floor(ahead / 1_000) + 60),
      date: new Date(ahead).toUTCString(),
    },
    body: { message: 'API rate limit exceeded' },
  });
  const skewed = (await create().catch((error: unknown) => error)) as { retryAfterMs: number };
  expect(skewed.retryAfterMs).toBeGreaterThan(50_000);
  expect(skewed.retryAfterMs).toBeLessThan(70_000);
  server.failures.push({ status: 403, body: { message: 'Resource not accessible by personal access token' } });
  await expect(create({ idempotencyKey: 'other' })).rejects.toMatchObject({ retryable: false });
});

it('hides the token of an app installation, also when it is kept', async () => {
  const app = createActionRunner('github', {
    ...{ appId: '42', privateKey: pem(pair.privateKey as never, 'pkcs8'), installationId: '9', baseUrl: server.url },
  });
  for (const title of ['a', 'b']) {
    app.hidden.clear();
    await app.run('integration-github.create_issue', { ...place, title, body: 'db' }, { idempotencyKey: title });
    expect([...app.hidden]).toContain(token);
  }
});
