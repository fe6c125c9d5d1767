import { createActionRunner } from '../../../test/support/run-action';
import { startOpsgenieServer } from '../../../test/support/vendors/pager-servers';

const apiKey = 'canary-api-key';
let server: Awaited<ReturnType<typeof startOpsgenieServer>>;
let runner: ReturnType<typeof createActionRunner>;
beforeEach(async () => {
  server = await startOpsgenieServer({ apiKey });
  runner = createActionRunner('opsgenie', { apiKey, region: 'eu', baseUrl: server.url });
});
afterEach(() => server.close());

it('creates the alert of an incident, acknowledges it, adds a note and closes it', async () => {
  const incident = { trigger: { payload: { incidentId: 'INC/1' } } };
  const { artifact } = await runner.run(
    'integration-opsgenie.create_alert',
    { message: 'Down', priority: 'P1' },
    incident,
  );
  expect(artifact).toEqual({ alias: 'INC/1', requestId: 'r-1' });
  const consumed = artifact as Record<string, unknown>;
  await runner.run('integration-opsgenie.acknowledge', {}, { consumed });
  await runner.run('integration-opsgenie.add_note', { note: 'Looking' }, { consumed });
  expect((await runner.run('integration-opsgenie.close_alert', {}, { consumed })).closesConsumed).toBe(true);
  expect(server.changes.map(({ alias, change }) => [alias, change])).toEqual([
    ['INC/1', 'create'],
    ['INC/1', 'acknowledge'],
    ['INC/1', 'notes'],
    ['INC/1', 'close'],
  ]);
});

it('cuts messages to 130 characters and hashes long aliases', async () => {
  await runner.run('integration-opsgenie.create_alert', { message: 'm'.repeat(200), alias: 'a'.repeat(600) });
  expect(String(server.changes[0]?.body['message'])).toHaveLength(130);
  expect(server.changes[0]?.alias).toMatch(/^[0-9a-f]{64}$/);
  expect(runner.notes).toEqual(['message was cut: it has 200 characters, and Opsgenie accepts at most 130.']);
});

it("cuts tags and details to Opsgenie's limits", async () => {
  const details = { a: 'a'.repeat(7_000), b: 'b'.repeat(7_000), c: 'c' };
  await runner.run('integration-opsgenie.create_alert', { message: 'Down', tags: ['t'.repeat(60), 'db'], details });
  const body = server.changes[0]?.body as { tags: string[]; details: Record<string, string> };
  expect(body.tags).toEqual([`${'t'.repeat(49)}…`, 'db']);
  expect([Object.keys(body.details), JSON.stringify(body.details).length < 8_020]).toEqual([['a', 'b'], true]);
  expect(runner.notes).toEqual([
    'tags was cut: it has 60 characters, and Opsgenie accepts at most 50.',
    'details.b was cut: it has 7000 characters, and Opsgenie accepts at most 998.',
    'details.c left out: Opsgenie accepts at most 8000 characters of details.',
  ]);
});

it('has a connection test, notifies, and reports messages of Opsgenie', async () => {
  expect(await runner.test()).toBe('Connected; 2 open alerts.');
  expect(await runner.notify({ importance: 'critical' })).toBe('r-1');
  expect(server.changes[0]?.body).toMatchObject({ message: 'Down', priority: 'P1', alias: 'run-1:actions[0]' });
  server.failures.push({
    status: 429,
    headers: { 'retry-after': '5' },
    body: { message: 'You are making too many requests!' },
  });
  const call = runner.run('integration-opsgenie.create_alert', { message: 'x' });
  await expect(call).rejects.toMatchObject({ retryable: true, retryAfterMs: 5_000 });
  const wrong = createActionRunner('opsgenie', { apiKey: 'wrong', baseUrl: server.url });
  await expect(wrong.test()).rejects.toThrow('Opsgenie says: Could not authenticate');
});
