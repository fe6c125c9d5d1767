import { createActionRunner } from '../../../test/support/run-action';
import { startStatuspageServer } from '../../../test/support/vendors/statuspage-server';

const apiKey = 'canary-api-key';
let server: Awaited<ReturnType<typeof startStatuspageServer>>;
let runner: ReturnType<typeof createActionRunner>;
beforeEach(async () => {
  server = await startStatuspageServer({ apiKey });
  runner = createActionRunner('statuspage', { apiKey, page: 'p1', baseUrl: server.url });
});
afterEach(() => server.close());
const id = (action: string) => `integration-statuspage.${action}`;

it('creates an incident with its components, updates it and resolves it', async () => {
  const components = { api: 'major_outage' };
  const config = { name: 'Down', body: 'We are looking into it.', components, impact: 'critical' };
  const { artifact } = await runner.run(id('create_incident'), config);
  const url = 'https://stspg.io/i1';
  expect(artifact).toEqual({ incidentId: 'i1', name: 'Down', status: 'investigating', url, reused: false });
  expect(server.incidents[0]).toMatchObject({ impact_override: 'critical', component_ids: ['api'] });
  expect(server.components[1]).toMatchObject({ status: 'major_outage' });
  const consumed = artifact as Record<string, unknown>;
  await runner.run(id('update_incident'), { status: 'identified', body: 'A disk is full.' }, { consumed });
  const operational = { api: 'operational' };
  const resolved = await runner.run(
    id('update_incident'),
    { status: 'resolved', body: 'Fixed.', components: operational },
    { consumed },
  );
  expect([resolved.closesConsumed, resolved.artifact?.['status']]).toEqual([true, 'resolved']);
  expect(server.components[1]).toMatchObject({ status: 'operational' });
  expect(server.notified).toEqual(['We are looking into it.', 'A disk is full.', 'Fixed.']);
});

it('finds the incident and the update of an earlier attempt', async () => {
  const first = await runner.run(id('create_incident'), { name: 'Down' });
  const again = await runner.run(id('create_incident'), { name: 'Down' }, { attempt: 2 });
  expect([first.artifact?.['reused'], again.artifact]).toEqual([false, { ...first.artifact, reused: true }]);
  // A retry of the run counts its attempts from 1 again, with the same idempotency key.
  const retried = await runner.run(id('create_incident'), { name: 'Down' }, { sentBefore: true });
  expect(retried.artifact).toMatchObject({ reused: true });
  const update = { incidentId: 'i1', status: 'resolved', body: 'Fixed.' };
  await runner.run(id('update_incident'), update);
  await runner.run(id('update_incident'), update, { attempt: 2 });
  expect([server.incidents.length, server.incidents[0]?.incident_updates.length]).toEqual([1, 2]);
  const other = { attempt: 2, idempotencyKey: 'run-2:actions[0]' };
  expect((await runner.run(id('create_incident'), { name: 'Down' }, other)).artifact?.['incidentId']).toBe('i2');
});

it('notifies no subscribers if `notify` is false', async () => {
  await runner.run(id('create_incident'), { name: 'Down', body: 'x', notify: false });
  expect(server.notified).toEqual([]);
});

it('sets the status of a component', async () => {
  const { artifact } = await runner.run(id('set_component'), { componentId: 'api', status: 'partial_outage' });
  expect(artifact).toEqual({ componentId: 'api', name: 'API', status: 'partial_outage' });
  await expect(runner.run(id('set_component'), { componentId: 'x', status: 'operational' })).rejects.toMatchObject({
    ...{ status: 404, retryable: false },
  });
  await expect(runner.run(id('set_component'), { componentId: 'api', status: 'down' })).rejects.toThrow();
});

it("cuts texts to Statuspage's limits, with a note", async () => {
  await runner.run(id('create_incident'), { name: 'n'.repeat(300), body: 'b'.repeat(30_000) });
  expect(String(server.incidents[0]?.['name'])).toHaveLength(255);
  expect(String(server.incidents[0]?.incident_updates[0]?.['body'])).toHaveLength(25_000);
  expect(runner.notes).toEqual([
    'name was cut: it has 300 characters, and Statuspage accepts at most 255.',
    'body was cut: it has 30000 characters, and Statuspage accepts at most 25000.',
  ]);
});

it.each([
  [420, { 'retry-after': '7' }, 7_000],
  [429, { 'retry-after': '7' }, 7_000],
  [420, {}, 60_000],
  [429, {}, 60_000],
])('waits after a %i with %j', async (status, headers: Record<string, string>, retryAfterMs) => {
  server.failures.push({ status, headers, body: { error: 'Rate limit exceeded' } });
  const failing = runner.run(id('create_incident'), { name: 'Down' });
  await expect(failing).rejects.toMatchObject({ status, retryable: true, retryAfterMs });
});

it("has a connection test, lists choices, and reports Statuspage's messages without its key", async () => {
  expect(await runner.test()).toBe('Connected to the page Acme.');
  const unbound = createActionRunner('statuspage', { apiKey, baseUrl: server.url });
  expect(await unbound.test()).toBe('Connected; 1 pages.');
  expect(await unbound.options('page')).toEqual([{ value: 'p1', label: 'Acme' }]);
  expect(await unbound.options('componentId', { page: 'p1' })).toEqual([{ value: 'api', label: 'API' }]);
  await expect(unbound.run(id('create_incident'), { name: 'x' })).rejects.toThrow('Set page');
  await runner.run(id('create_incident'), { name: 'Down' });
  expect(await runner.options('incidentId')).toEqual([{ value: 'i1', label: 'Down' }]);
  const other = { idempotencyKey: 'run-2:actions[0]' };
  const refused = runner.run(id('create_incident'), { name: 'x', components: { nope: 'operational' } }, other);
  await expect(refused).rejects.toThrow('Statuspage says: Component nope does not exist');
  const wrong = createActionRunner('statuspage', { apiKey: 'canary-wrong', page: 'p1', baseUrl: server.url });
  await expect(wrong.test()).rejects.toThrow('Statuspage says: Could not authenticate');
});

it('requires an incident for an update', async () => {
  await expect(runner.run(id('update_incident'), { status: 'resolved' })).rejects.toMatchObject({
    code: 'artifact_missing',
  });
});
