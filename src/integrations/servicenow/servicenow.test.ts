import { createActionRunner } from '../../../test/support/run-action';
import { startServicenowServer } from '../../../test/support/vendors/forge-servers';

const account = { user: 'fermata', password: 'canary-password' };
let server: Awaited<ReturnType<typeof startServicenowServer>>;
let runner: ReturnType<typeof createActionRunner>;
beforeEach(async () => {
  server = await startServicenowServer(account);
  runner = createActionRunner('servicenow', { ...account, instanceUrl: server.url });
});
afterEach(() => server.close());

it('creates an incident once, updates, resolves and finds it', async () => {
  const create = (attempt: number) =>
    runner.run(
      'integration-servicenow.create_incident',
      { shortDescription: 's'.repeat(200), fields: { category: 'network' } },
      { attempt },
    );
  const { artifact } = await create(1);
  expect((await create(2)).artifact).toEqual(artifact);
  expect(server.incidents).toEqual([
    expect.objectContaining({ category: 'network', correlation_id: 'run-1:actions[0]' }),
  ]);
  expect(String(server.incidents[0]?.['short_description'])).toHaveLength(160);
  const consumed = artifact as Record<string, unknown>;
  await runner.run('integration-servicenow.update', { workNotes: 'Looking', fields: { urgency: '1' } }, { consumed });
  const resolved = await runner.run('integration-servicenow.resolve', { closeNotes: 'Restarted' }, { consumed });
  expect([resolved.artifact?.['state'], resolved.closesConsumed]).toEqual(['6', true]);
  const found = await runner.run('integration-servicenow.search', { query: 'active=true' });
  expect(found.artifact).toMatchObject({ count: 1, records: [{ number: 'INC001', urgency: '1' }] });
});

it('sends every column of fields, except those that have a field of the action', async () => {
  await runner.run('integration-servicenow.create_incident', {
    ...{ shortDescription: 'Down', impact: '2' },
    fields: { description: 'db-1', urgency: '1', impact: '3', assignment_group: 'g1', short_description: 'x' },
  });
  expect(server.incidents[0]).toMatchObject({
    ...{ short_description: 'Down', description: 'db-1', urgency: '1', impact: '2', assignment_group: 'g1' },
  });
});

it('has a connection test, with Basic authentication and with OAuth', async () => {
  expect(await runner.test()).toBe('Connected as fermata; incidents can be read.');
  expect(await runner.options('assignmentGroup')).toEqual([{ value: 'g1', label: 'Ops' }]);
  const oauth = { ...account, instanceUrl: server.url, clientId: 'c', clientSecret: 'canary-client' };
  expect(await createActionRunner('servicenow', oauth).test()).toContain('Connected');
  await expect(createActionRunner('servicenow', { ...oauth, clientSecret: 'x' }).test()).rejects.toThrow(
    'access_denied',
  );
  const wrong = createActionRunner('servicenow', { ...account, password: 'x', instanceUrl: server.url });
  await expect(wrong.test()).rejects.toThrow('User Not Authenticated');
});

it('hides the access token of an OAuth client', async () => {
  const oauth = { ...account, instanceUrl: server.url, clientId: 'c', clientSecret: 'canary-client' };
  const client = createActionRunner('servicenow', oauth);
  await client.run('integration-servicenow.search', { query: 'active=true' });
  expect([...client.hidden]).toEqual(['oauth-token']);
});
