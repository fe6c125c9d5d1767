import { BASE, startApiHarness, type ApiHarness } from './api-harness';

const document = (name: string, more = '', spec = 'mode: single') => `
apiVersion: fermata/v1
kind: Automation
metadata:
  name: ${name}
  ${more}
spec:
  ${spec}
  triggers: [{ event: automation.event, config: { type: com.example.go } }]
  actions: [{ action: automation.log, config: { message: hello } }]
`;

describe('automations from Git', () => {
  let api: ApiHarness;
  beforeAll(async () => void (api = await startApiHarness()));
  afterAll(() => api.end());

  const yaml = { 'content-type': 'application/yaml' };
  const apply = async (query: string, ...documents: string[]) => {
    const answer = await api.call('POST', `${BASE}/gitops/apply?${query}`, {
      body: documents.join('\n---\n'),
      headers: yaml,
    });
    return { ...answer, results: answer.body['results'] as { name: string; id: string | null; action: string }[] };
  };
  const actions = ({ results }: { results: { name: string; action: string }[] }) =>
    results.map(({ name, action }) => [name, action]);
  const get = async (id: string | null | undefined) => (await api.call('GET', `${BASE}/automations/${id ?? ''}`)).body;

  it('cause warnings about hooks, kinds, secrets and connections that do not exist', async () => {
    const text = document('names').replace(
      /  triggers:[^]*/,
      `  triggers: [{ event: automation.webhook, config: { hook: nowhere } }]
  actions:
    - { action: automation.set_state, config: { kind: nothing, id: x, state: {} } }
    - action: integration-webhook.send
      config: { url: https://example.com, authType: bearer, bearerToken: "\${{ secrets.MISSING }}" }
    - { action: notification.send, config: { channel: gone, title: x, body: x } }
    - { action: notification.send, config: { channel: pager, title: x, body: x } }
`,
    );
    const pager = { name: 'pager', type: 'webhook', config: { baseUrl: 'https://pager.example.com' } };
    expect((await api.call('POST', `${BASE}/connections`, { body: pager })).status).toBe(201);
    const answer = await apply('source=names&dryRun=true', text);
    const warnings = answer.body['warnings'] as { path: string; code: string }[];
    expect(warnings.map(({ path, code }) => `${path} ${code}`)).toEqual(
      expect.arrayContaining([
        'documents[0].spec.triggers[0].config.hook unknown_hook',
        'documents[0].spec.actions[0].config.kind unknown_kind',
        'documents[0].spec.actions[1].config.bearerToken unknown_secret',
        'documents[0].spec.actions[2].config.channel unknown_connection',
      ]),
    );
    expect(warnings.map(({ path }) => path)).not.toContain('documents[0].spec.actions[3].config.channel');
  });

  it('are created, then unchanged, then updated as new versions, identified by their name within the source', async () => {
    const made = await apply('source=repo', document('one'), document('two', 'title: The second'));
    expect(made.status).toBe(200);
    expect(actions(made)).toEqual([
      ['one', 'created'],
      ['two', 'created'],
    ]);
    const [one, two] = made.results;
    expect(await get(two?.id)).toMatchObject({
      name: 'The second',
      managedBy: 'gitops',
      version: 1,
      status: 'enabled',
    });
    const same = await apply('source=repo', document('one'), document('two', 'title: The second'));
    expect(actions(same)).toEqual([
      ['one', 'unchanged'],
      ['two', 'unchanged'],
    ]);
    const changed = await apply('source=repo', document('one', '', 'mode: queued'), document('two', 'title: Retitled'));
    expect(actions(changed)).toEqual([
      ['one', 'updated'],
      ['two', 'updated'],
    ]);
    expect(await get(one?.id)).toMatchObject({ version: 2, definition: { mode: 'queued' } });
    expect(await get(two?.id)).toMatchObject({ name: 'Retitled', version: 2 });
    expect(actions(await apply('source=other', document('one')))).toEqual([['one', 'created']]);
  });

  it('cause a warning if metadata overrides the name in spec', async () => {
    const answer = await apply('source=ignored&dryRun=true', document('one', '', 'name: another\n  mode: single'));
    expect(answer.body['warnings']).toEqual([
      expect.objectContaining({
        path: 'documents[0].spec.name',
        code: 'ignored_key',
        message: 'Ignored: metadata.name is used instead',
      }),
    ]);
    const same = await apply('source=ignored&dryRun=true', document('one', '', 'name: one\n  mode: single'));
    expect(same.body['warnings']).toEqual([]);
  });

  it('take their group from the label, and lose it with the label', async () => {
    const { results } = await apply('source=labels', document('g', 'labels: { group: on-call }'));
    expect(await get(results[0]?.id)).toMatchObject({ group: 'on-call', version: 1 });
    expect(actions(await apply('source=labels', document('g')))).toEqual([['g', 'updated']]);
    expect(await get(results[0]?.id)).toMatchObject({ group: null, version: 1 });
  });

  it('are all refused if one document is invalid, with the findings of every document', async () => {
    const answer = await apply(
      'source=bad',
      document('fine'),
      document('wrong', '', 'mode: sngle\n  mode: single'),
      document('fine'),
      'kind: Other',
    );
    expect(answer.status).toBe(422);
    expect(answer.body['errors']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ path: 'documents[1].spec.mode', code: 'invalid_value', line: 20 }),
        expect.objectContaining({ path: 'documents[1].spec.mode', code: 'duplicate_key', line: 21 }),
        expect.objectContaining({ path: 'documents[2].metadata.name', code: 'duplicate_name' }),
        expect.objectContaining({ path: 'documents[3].apiVersion' }),
      ]),
    );
    expect(await api.rows(`select 1 from automations where source = 'bad'`)).toEqual([]);
  });

  it('are listed but not changed by a dry run', async () => {
    await apply('source=dry', document('stays'), document('goes'));
    const answer = await apply(
      'source=dry&dryRun=true&prune=true',
      document('stays', '', 'mode: queued'),
      document('new'),
    );
    expect(actions(answer)).toEqual([
      ['stays', 'updated'],
      ['new', 'created'],
      ['goes', 'deleted'],
    ]);
    expect(answer.results[1]?.id).toBeNull();
    expect(actions(await apply('source=dry', document('stays'), document('goes')))).toEqual([
      ['stays', 'unchanged'],
      ['goes', 'unchanged'],
    ]);
  });

  it('are deleted by prune only if their own source no longer contains them', async () => {
    await apply('source=p1', document('a'), document('b'));
    const other = await apply('source=p2', document('a'));
    const manual = await api.call('POST', `${BASE}/automations`, {
      body: { name: 'manually', triggers: [{ event: 'incident.created' }] },
    });
    expect(actions(await apply('source=p1&prune=true', document('a')))).toEqual([
      ['a', 'unchanged'],
      ['b', 'deleted'],
    ]);
    expect(await get(other.results[0]?.id)).toMatchObject({ managedBy: 'gitops' });
    expect(await get(String(manual.body['id']))).toMatchObject({ managedBy: 'api' });
    expect((await apply('source=p1&prune=true')).status).toBe(422);
    expect(actions(await apply('source=p1&prune=true&allowEmpty=true'))).toEqual([['a', 'deleted']]);
    expect(actions(await apply('source=p1', document('a')))).toEqual([['a', 'created']]);
  });

  it('belong to the token that applied their source first, except for admins, until that token is revoked', async () => {
    const [owner, other] = [await api.token('operator'), await api.token('operator')];
    const as = (token: string, query: string, ...documents: string[]) =>
      api.call('POST', `${BASE}/gitops/apply?${query}`, { token, body: documents.join('\n---\n'), headers: yaml });
    expect((await as(owner, 'source=team', document('a'))).status).toBe(200);
    for (const query of ['source=team', 'source=team&prune=true', 'source=team&dryRun=true']) {
      const answer = await as(other, query, document('b'));
      expect([answer.status, answer.body.code]).toEqual([409, 'foreign_source']);
    }
    expect((await as(other, 'source=other-team', document('b'))).status).toBe(200);
    expect((await as(owner, 'source=team', document('a'), document('c'))).status).toBe(200);
    expect((await apply('source=team', document('a'))).status).toBe(200);
    expect((await as(other, 'source=team', document('a'))).status).toBe(409);
    const { items } = (await api.call('GET', `${BASE}/tokens`)).body as { items: { id: string; prefix: string }[] };
    const id = items.find(({ prefix }) => owner.startsWith(prefix))?.id ?? '';
    expect((await api.call('DELETE', `${BASE}/tokens/${id}`)).status).toBe(204);
    expect((await as(other, 'source=team', document('a'))).status).toBe(200);
  });

  it('cannot be edited, deleted or rolled back through other routes, but enabled, disabled and started; applying keeps the status', async () => {
    const { results } = await apply('source=locked', document('l'));
    await apply('source=locked', document('l', '', 'mode: queued'));
    const path = `${BASE}/automations/${results[0]?.id ?? ''}`;
    for (const [method, at, body] of [
      ['PATCH', path, { mode: 'restart' }],
      ['PATCH', path, { group: 'mine' }],
      ['DELETE', path, undefined],
      ['POST', `${path}/versions/1/rollback`, undefined],
    ] as const) {
      const answer = await api.call(method, at, body === undefined ? {} : { body });
      expect([method, at, answer.status, answer.body['code']]).toEqual([method, at, 409, 'managed_elsewhere']);
    }
    expect((await api.call('POST', `${path}/disable`)).status).toBe(200);
    expect((await api.call('POST', `${path}/runs`, { body: {} })).status).toBe(201);
    await apply('source=locked', document('l', '', 'mode: parallel'));
    expect(await get(results[0]?.id)).toMatchObject({ status: 'disabled', version: 3 });
    expect((await api.call('POST', `${path}/enable`)).body).toMatchObject({ status: 'enabled' });
  });

  it('are created once each by five concurrent applies', async () => {
    const names = Array.from({ length: 10 }, (_, index) => document(`race-${index}`));
    const answers = await Promise.all(Array.from({ length: 5 }, () => apply('source=race', ...names)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    const created = answers.flatMap(({ results }) => results).filter(({ action }) => action === 'created');
    expect(created).toHaveLength(10);
  });

  it('are unchanged when their export is applied', async () => {
    const { results } = await apply(
      'source=export',
      document('e', 'description: what for\n  labels: { group: g }', 'variables: { "a": "{{ 1 + 1 }}" }'),
    );
    const exported = await api.call('GET', `${BASE}/automations/${results[0]?.id ?? ''}`, {
      headers: { accept: 'application/yaml' },
    });
    const wrapped = [
      'apiVersion: fermata/v1',
      'kind: Automation',
      'metadata: { name: e }',
      'spec:',
      ...exported.text.split('\n').map((line) => `  ${line}`),
    ];
    expect(actions(await apply('source=export', wrapped.join('\n')))).toEqual([['e', 'unchanged']]);
  });

  it('keep their comments, even if only these change', async () => {
    const first = document('commented')
      .replace('spec:', 'spec: # kept')
      .replace('  triggers:', '  # the start\n  triggers:');
    expect(first).toContain('# the start');
    const { results } = await apply('source=comments', first);
    const path = `${BASE}/automations/${results[0]?.id ?? ''}`;
    const read = async () => (await api.call('GET', path, { headers: { accept: 'application/yaml' } })).text;
    expect(await read()).toMatch(/^name: commented\n[^]*# the start\ntriggers:/m);
    expect(actions(await apply('source=comments', first.replace('# the start', '# another')))).toEqual([
      ['commented', 'unchanged'],
    ]);
    expect(await read()).toContain('# another\ntriggers:');
  });

  it('have a schema in the API, with a variant for each trigger and action', async () => {
    const { body } = await api.call('GET', `${BASE}/gitops/kinds`);
    const [kind] = body['items'] as { kind: string; variants: { discriminator: unknown; schema: unknown }[] }[];
    expect(kind?.kind).toBe('Automation');
    expect(kind?.variants).toContainEqual(
      expect.objectContaining({ discriminator: { key: 'action', value: 'incident.create' } }),
    );
    expect(kind?.variants).toContainEqual(
      expect.objectContaining({ discriminator: { key: 'event', value: 'automation.event' } }),
    );
  });
});
