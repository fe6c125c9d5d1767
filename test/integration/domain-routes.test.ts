import { BASE, startApiHarness, type Answer, type ApiHarness } from './api-harness';

const ABSENT = '00000000-0000-7000-8000-000000000000';

/** Tests the behaviour that the routes of all domains have in common. */
describe('the routes of the domains', () => {
  let h: ApiHarness;
  beforeAll(async () => {
    h = await startApiHarness();
    for (const id of ['app', 'db', 'cache']) await call('POST', '/systems', { id, name: id });
  });
  afterAll(() => h.end());

  const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    h.call(method, `${BASE}${path}`, { headers, ...(body === undefined ? {} : { body }) });
  const soon = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
  const domains: { path: string; body: () => object; patch: object; later: object; kind: string; fields: string[] }[] =
    [
      {
        ...{
          path: '/systems',
          body: () => ({ name: 'A system' }),
          patch: { name: 'Another' },
          later: { name: 'A third' },
        },
        ...{ kind: 'catalog-system', fields: ['name', 'description', 'metadata'] },
      },
      {
        ...{
          path: '/system-groups',
          body: () => ({ name: 'A group' }),
          patch: { description: 'of three' },
          later: { description: 'of four' },
        },
        ...{ kind: 'catalog-group', fields: ['name', 'description', 'metadata'] },
      },
      {
        path: '/dependencies',
        body: () => ({ sourceSystemId: 'app', targetSystemId: 'db', impactType: 'critical' }),
        patch: { impactType: 'degraded' },
        later: { impactType: 'informational' },
        ...{ kind: 'dependency-edge', fields: ['sourceSystemId', 'targetSystemId', 'impactType', 'transitive'] },
      },
      {
        ...{ path: '/incidents', body: () => ({ title: 'Down', severity: 'minor', systemIds: ['app'] }) },
        patch: { severity: 'major' },
        later: { severity: 'critical' },
        ...{ kind: 'incident', fields: ['status', 'severity', 'systemIds', 'title'] },
      },
      {
        path: '/maintenances',
        body: () => ({ title: 'Work', systemIds: ['app'], startAt: soon(1), endAt: soon(2) }),
        patch: { endAt: soon(3) },
        later: { endAt: soon(4) },
        ...{ kind: 'maintenance', fields: ['status', 'systemIds', 'startAt', 'endAt'] },
      },
      {
        ...{
          path: '/slos',
          body: () => ({ systemId: 'app', name: 'Up', target: 99 }),
          patch: { target: 98 },
          later: { target: 97 },
          kind: 'slo',
        },
        fields: ['objectiveId', 'systemId', 'target', 'budgetRemainingPercent', 'currentStreak', 'bestStreak'],
      },
      {
        ...{
          path: '/satellites',
          body: () => ({ name: 'eu' }),
          patch: { region: 'eu-west' },
          later: { region: 'eu-north' },
        },
        ...{ kind: 'satellite-connection', fields: ['status', 'name', 'region', 'lastSeenAt', 'lastEvent'] },
      },
    ];
  const entityOf = async (kind: string, id: unknown) =>
    (await call('GET', `/entities/${kind}/${String(id)}`)).body.state;

  describe.each(domains)('$path', ({ path, body, patch, later, kind, fields }) => {
    let made: Answer;
    let one: string;
    beforeAll(async () => {
      const first = body();
      made = await call('POST', path, first, { 'Idempotency-Key': path });
      one = `${path}/${String(made.body.id)}`;
      const again = await call('POST', path, first, { 'Idempotency-Key': path });
      expect(again).toMatchObject({ status: 201, body: { id: made.body.id } });
    });

    test('returns the id and the fields of the entity', async () => {
      expect(made.status).toBe(201);
      const state = await entityOf(kind, made.body.id);
      expect(Object.keys(state as object).sort()).toEqual(fields.toSorted());
      expect(made.body).toMatchObject(state as object);
      const listed = await call('GET', path);
      expect(listed.body.items).toContainEqual(made.body);
      const read = await call('GET', one);
      expect(read.headers.get('etag')).toBe(made.headers.get('etag'));
      const changed = await call('PATCH', one, patch, { 'If-Match': made.headers.get('etag') ?? '' });
      expect(changed.status).toBe(200);
      expect((await call('GET', one)).headers.get('etag')).toBe(changed.headers.get('etag'));
    });

    test('refuses an update with a stale ETag; one of several concurrent updates with the same ETag succeeds', async () => {
      expect(await call('PATCH', one, patch, { 'If-Match': '"older"' })).toMatchObject({ status: 412 });
      const etag = (await call('GET', one)).headers.get('etag') ?? '';
      const answers = await Promise.all(
        Array.from({ length: 5 }, async (_, n) => {
          await new Promise((resolve) => setTimeout(resolve, n * 2));
          return call('PATCH', one, later, { 'If-Match': etag });
        }),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412, 412]);
      expect((await call('GET', one)).body).toMatchObject(later);
      expect(await call('DELETE', one, undefined, { 'If-Match': etag })).toMatchObject({ status: 412 });
    });

    test('refuses unknown ids, invalid cursors, unknown keys and missing fields', async () => {
      for (const id of [ABSENT, 'nothing']) {
        expect(await call('GET', `${path}/${id}`)).toMatchObject({ status: 404, body: { code: 'not_found' } });
        expect(await call('PATCH', `${path}/${id}`, patch)).toMatchObject({ status: 404 });
        expect(await call('DELETE', `${path}/${id}`)).toMatchObject({ status: 404 });
      }
      for (const cursor of ['x', Buffer.from('"abc"').toString('base64url')]) {
        expect(await call('GET', `${path}?cursor=${cursor}`)).toMatchObject({ status: 400 });
      }
      expect(await call('POST', path, { ...body(), colour: 'red' })).toMatchObject({ status: 422 });
      expect(await call('POST', path, {})).toMatchObject({ status: 422 });
      expect(await call('GET', `${path}?limit=201`)).toMatchObject({ status: 422 });
    });

    test('returns each item once in pages, newest first', async () => {
      const another = path === '/dependencies' ? { ...body(), targetSystemId: 'cache' } : { ...body(), ...patch };
      const newest = await call('POST', path, 'name' in another ? { ...another, name: 'Newest' } : another);
      expect(newest.status).toBe(201);
      const { body: first } = await call('GET', `${path}?limit=1`);
      expect(first.items).toMatchObject([{ id: newest.body.id }]);
      const { body: all } = await call('GET', `${path}?limit=200`);
      const items = [...(first.items as unknown[])];
      for (let cursor = first.nextCursor; typeof cursor === 'string';) {
        const { body: page } = await call('GET', `${path}?limit=1&cursor=${cursor}`);
        items.push(...(page.items as unknown[]));
        cursor = page.nextCursor;
      }
      expect(items.length).toBeGreaterThanOrEqual(2);
      expect(items).toEqual(all.items);
    });

    test('returns 404 after a deletion, which leaves a tombstone of the entity', async () => {
      expect(await call('DELETE', one.toUpperCase().replace(path.toUpperCase(), path))).toMatchObject({
        status: /^\/system/.test(path) ? 404 : 204,
      });
      await call('DELETE', one);
      expect(await call('GET', one)).toMatchObject({ status: 404 });
      expect(await call('GET', `/entities/${kind}/${String(made.body.id)}`)).toMatchObject({ status: 404 });
      const changes = await h.rows<{ next: unknown }>(
        'select next from changes where kind = $1 and entity_id = $2 order by seq',
        [kind, made.body.id],
      );
      expect(changes.at(-1)).toEqual({ next: null });
    });
  });

  test('return the same ETag and body for a state from PUT, GET and PATCH', async () => {
    await call('PUT', '/entity-kinds/lamp', { schema: { type: 'object' } });
    const one = '/entities/lamp/one';
    const put = await call('PUT', one, { status: 'on', a: { zz: 1, b: [{ y: 1, x: 2 }] } });
    const read = await call('GET', one);
    expect([read.body, read.headers.get('etag')]).toEqual([put.body, put.headers.get('etag')]);
    const same = await call('PATCH', one, { status: 'on' }, { 'If-Match': put.headers.get('etag') ?? '' });
    expect([same.status, same.body]).toEqual([200, put.body]);
    const other = await call('PATCH', one, { status: 'off' });
    expect((await call('GET', one)).body).toEqual(other.body);
  });

  test('store and read a kind that is not reactive without emitting changes', async () => {
    await call('PUT', '/entity-kinds/note', { schema: { type: 'object' }, reactive: false });
    await call('PUT', '/entities/note/one', { text: 'x' });
    await call('PATCH', '/entities/note/one', { text: 'y' });
    const transitions = (await call('GET', '/entities/note/one/transitions')).body.items as { to: unknown }[];
    expect(transitions.map(({ to }) => to)).toEqual(['y', 'x']);
    expect(await h.rows(`select 1 from changes where kind = 'note'`)).toEqual([]);
    expect((await call('GET', '/entity-kinds')).body.items).toContainEqual(
      expect.objectContaining({ kind: 'note', source: 'custom', reactive: false }),
    );
  });

  test('return 412 for any If-Match if the entity does not exist', async () => {
    await call('PUT', '/entity-kinds/lamp', { schema: { type: 'object' } });
    for (const tag of ['*', '"x"']) {
      expect(await call('PUT', '/entities/lamp/none', {}, { 'If-Match': tag })).toMatchObject({ status: 412 });
    }
    expect(await call('GET', '/entities/lamp/none')).toMatchObject({ status: 404 });
  });

  test('leave no dependency behind and do not deadlock if systems are deleted while dependencies on them are created', async () => {
    for (let round = 0; round < 5; round += 1) {
      const ids = [0, 1, 2].map((n) => `race-${round}-${n}`);
      for (const id of ids) await call('POST', '/systems', { id, name: id });
      const edge = (from: number, to: number) =>
        call('POST', '/dependencies', { sourceSystemId: ids[from], targetSystemId: ids[to], impactType: 'degraded' });
      await edge(0, 1);
      const answers = await Promise.all([
        call('DELETE', `/systems/${ids[1] ?? ''}`),
        edge(1, 2),
        edge(2, 1),
        call('DELETE', `/systems/${ids[2] ?? ''}`),
      ]);
      expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    }
    const left = await h.rows(`select 1 from dependencies where source_system_id like 'race-%'`);
    expect(left).toEqual([]);
    const edges = await h.rows(
      `select 1 from entities where kind = 'dependency-edge' and state ->> 'sourceSystemId' like 'race-%'`,
    );
    expect(edges).toEqual([]);
  });
});
