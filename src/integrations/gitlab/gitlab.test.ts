import { createActionRunner } from '../../../test/support/run-action';
import { startGitlabServer } from '../../../test/support/vendors/forge-servers';

const token = 'canary-gitlab-token';
let server: Awaited<ReturnType<typeof startGitlabServer>>;
let runner: ReturnType<typeof createActionRunner>;
beforeEach(async () => {
  server = await startGitlabServer({ token });
  runner = createActionRunner('gitlab', { token, baseUrl: server.url });
});
afterEach(() => server.close());

const projectId = 'acme/shop';

it('creates an issue and a comment once', async () => {
  const create = (attempt: number) =>
    runner.run(
      'integration-gitlab.create_issue',
      { projectId, title: 't'.repeat(300), body: 'x', labels: ['a', 'b'] },
      { attempt },
    );
  const { artifact } = await create(1);
  expect(artifact).toMatchObject({ number: 1, reused: false });
  expect((await create(2)).artifact).toMatchObject({ number: 1, reused: true });
  expect([server.issues.length, String(server.issues[0]?.['title']).length, server.issues[0]?.['labels']]).toEqual([
    1,
    255,
    'a,b',
  ]);
  const consumed = artifact as Record<string, unknown>;
  const comment = (attempt: number) =>
    runner.run('integration-gitlab.comment', { projectId: 7, body: 'x' }, { consumed, attempt });
  await comment(1);
  expect((await comment(2)).artifact).toEqual({ id: 1 });
});

it('runs a pipeline once, and fails if the pipeline fails', async () => {
  const trigger = (more = {}, options = {}) =>
    runner.run('integration-gitlab.trigger_pipeline', { projectId, ref: 'main', ...more }, options);
  expect((await trigger()).artifact).toMatchObject({ id: 1, status: 'success' });
  runner.progress.clear();
  expect((await trigger({}, { attempt: 2 })).artifact).toMatchObject({ id: 1 });
  await expect(trigger({ variables: { FAIL: '1' } }, { idempotencyKey: 'b' })).rejects.toThrow(
    'The pipeline ended with failed',
  );
  await expect(trigger({ ref: 'gone' }, { idempotencyKey: 'c' })).rejects.toThrow('Reference not found');
  expect(
    (await runner.run('integration-gitlab.retry_job', { projectId, jobId: 11 }, { idempotencyKey: 'd' })).artifact,
  ).toMatchObject({ id: 12 });
});

it('has a connection test, lists projects and retries at the rate limit', async () => {
  expect(await runner.test()).toBe('Connected as ada.');
  expect(await runner.options('projectId')).toEqual([{ value: '7', label: 'acme/shop' }]);
  server.failures.push({ status: 429, headers: { 'retry-after': '9' }, body: { message: '429 Too Many Requests' } });
  await expect(runner.test()).rejects.toMatchObject({ retryable: true, retryAfterMs: 9_000 });
  await expect(createActionRunner('gitlab', { token: 'x', baseUrl: server.url }).test()).rejects.toThrow(
    '401 Unauthorized',
  );
});
