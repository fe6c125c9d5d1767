import { createActionRunner } from '../../../test/support/run-action';
import { startPagerdutyServer } from '../../../test/support/vendors/pager-servers';

const KEYS = { routingKey: 'canary-routing-key', apiToken: 'canary-api-token' };
let server: Awaited<ReturnType<typeof startPagerdutyServer>>;
let runner: ReturnType<typeof createActionRunner>;
const withKeys = (more: Record<string, unknown> = {}) =>
  createActionRunner('pagerduty', { ...KEYS, baseUrl: server.url, eventsUrl: server.url, ...more });
beforeEach(async () => {
  server = await startPagerdutyServer(KEYS);
  runner = withKeys({ fromEmail: 'ada@example.org' });
});
afterEach(() => server.close());

const EVENT = { summary: 'Down', severity: 'critical', source: 'db' };
const alert = { trigger: { payload: { fingerprint: 'f00d', labels: {} } } };

it('triggers, acknowledges and resolves the incident of the alert', async () => {
  const { artifact } = await runner.run('integration-pagerduty.trigger', EVENT, alert);
  expect(artifact).toEqual({ dedupKey: 'f00d', status: 'success' });
  await runner.run('integration-pagerduty.acknowledge', {}, alert);
  const consumed = artifact as Record<string, unknown>;
  const resolved = await runner.run('integration-pagerduty.resolve', {}, { consumed });
  expect(resolved.closesConsumed).toBe(true);
  expect(server.events.map(({ event_action: action, dedup_key: key }) => [action, key])).toEqual([
    ['trigger', 'f00d'],
    ['acknowledge', 'f00d'],
    ['resolve', 'f00d'],
  ]);
});

it.each([
  [{ trigger: { payload: { incidentId: 'i-1' } } }, 'i-1'],
  [{ contextKey: 'checkout' }, 'checkout'],
  [{}, 'run-1:actions[0]'],
  [{ contextKey: 'x'.repeat(300) }, expect.stringMatching(/^[0-9a-f]{64}$/)],
])('takes the dedup key from %j', async (options, key) => {
  expect((await runner.run('integration-pagerduty.trigger', EVENT, options)).artifact).toMatchObject({ dedupKey: key });
});

it('cuts summaries to 1,024 characters', async () => {
  await runner.run('integration-pagerduty.trigger', { ...EVENT, summary: 'ü'.repeat(2_000) });
  expect(String(server.events[0]?.payload?.['summary'])).toHaveLength(1_024);
  expect(runner.notes).toEqual(['summary was cut: it has 2000 characters, and PagerDuty accepts at most 1024.']);
});

it('adds a note once, and returns the users on call', async () => {
  const add = (attempt: number) =>
    runner.run('integration-pagerduty.add_note', { incidentId: 'P1', note: 'Looking' }, { attempt });
  await add(1);
  expect((await add(2)).artifact).toEqual({ noteId: 'N1', incidentId: 'P1' });
  expect(server.notes).toHaveLength(1);
  const { artifact } = await runner.run('integration-pagerduty.on_call', { scheduleId: 'S1' });
  expect(artifact).toEqual({
    users: [
      { id: 'U1', name: 'ada', email: 'ada@example.org', level: 1 },
      { id: 'U2', name: 'bob', email: 'bob@example.org', level: 2 },
    ],
  });
});

it('has a connection test that opens no incident, and reports wrong and missing credentials', async () => {
  expect(await runner.test()).toBe('PagerDuty accepts events for the service, and the API token.');
  expect(server.events.map(({ event_action: action }) => action)).toEqual(['resolve']);
  expect(await runner.options('scheduleId')).toEqual([{ value: 'S1', label: 'Primary' }]);
  await expect(withKeys({ routingKey: 'wrong' }).test()).rejects.toThrow('Invalid routing key');
  const note = { incidentId: 'P1', note: 'x' };
  await expect(withKeys().run('integration-pagerduty.add_note', note)).rejects.toThrow('Requester User Not Found');
  const noToken = withKeys({ apiToken: undefined });
  await expect(noToken.run('integration-pagerduty.add_note', note)).rejects.toThrow('The connection has no apiToken');
});

it("retries at PagerDuty's rate limit", async () => {
  server.failures.push({ status: 429, body: { status: 'throttle exceeded', message: 'Requests for this service' } });
  await expect(runner.run('integration-pagerduty.trigger', EVENT)).rejects.toMatchObject({ retryable: true });
});

it('notifies with one incident per key', async () => {
  expect(await runner.notify({ replaceKey: 'INC-7' })).toBe('INC-7');
  expect(server.events.splice(0)).toHaveLength(1);
  expect(await runner.notify({ importance: 'warning' }, '')).toBe('run-1:actions[0]');
  expect(server.events[0]?.payload).toMatchObject({ summary: 'Down', severity: 'warning' });
  await runner.notify({ body: '\u0001'.repeat(600_000) });
  expect(runner.notes).toEqual(['body was cut: it has 600000 bytes, and PagerDuty accepts at most 80000.']);
});
