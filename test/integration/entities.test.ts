import { z } from 'zod';
import { sql } from 'drizzle-orm';
import { createComputedReader } from '../../src/db/entities/computed-states';
import type { Executor } from '../../src/db/executor';
import { createFilterRegistry } from '../../src/domain/expressions/filter-registry';
import { createEvaluator } from '../../src/evaluation/live-evaluator';
import type { ExpressionContext } from '../../src/evaluation/evaluator';
import { computedEntity } from '../../src/integrations/computed-entity';
import type { Plugin } from '../../src/integrations/contract';
import { byUser, createEntityFixture, type EntityFixture } from '../support/entity-fixture';

const lampPlugin: Plugin = {
  id: 'home',
  entityKinds: [
    {
      kind: 'lamp',
      description: 'A lamp',
      schema: z.strictObject({
        status: z.enum(['on', 'off']),
        level: z.number().optional(),
        tags: z.record(z.string(), z.string()).optional(),
      }),
    },
    { kind: 'note', description: 'Never emits', reactive: false, schema: z.strictObject({ text: z.string() }) },
  ],
};

interface ChangeRow {
  change_id: string;
  seq: string;
  prev: unknown;
  next: unknown;
  delta: unknown;
  changed_fields: string[];
  occurred_at: Date;
  payload: unknown;
}

describe('entities', () => {
  let f: EntityFixture;
  beforeAll(async () => {
    f = await createEntityFixture([lampPlugin]);
  });
  afterAll(() => f.end());
  beforeEach(() => f.clock.set('2026-11-20T10:00:00.000Z'));
  let lamps = 0;
  const lamp = () => ({ kind: 'lamp', id: `lamp-${(lamps += 1)}` });
  const changesOf = (id: string) => f.rows<ChangeRow>('select * from changes where entity_id = $1 order by seq', [id]);
  const transitionsOf = (ref: { kind: string; id: string }) => f.store.transitions(f.db, { ...ref, limit: 100 });

  test('creation writes the state, a transition from null for each field, and one change', async () => {
    const ref = lamp();
    const result = await f.db.transaction((tx) => f.store.mutate(tx, ref, { status: 'on', level: 3 }, byUser));
    expect(result).toMatchObject({ state: { status: 'on', level: 3 }, changed: true });
    const [change] = await changesOf(ref.id);
    expect(change).toMatchObject({
      ...{ change_id: result.changeId, prev: null, next: { status: 'on', level: 3 } },
      ...{ delta: { status: 'on', level: 3 }, changed_fields: ['level', 'status'] },
    });
    expect((await transitionsOf(ref)).map((t) => [t.field, t.from, t.to])).toEqual([
      ['status', null, 'on'],
      ['level', null, 3],
    ]);
    expect(await f.store.get(f.db, ref.kind, ref.id)).toMatchObject({ state: { status: 'on', level: 3 } });
  });

  test('a write that changes at most the order of keys emits no change', async () => {
    const ref = lamp();
    await f.store.mutate(f.db, ref, { status: 'on', tags: { a: '1', b: '2' } }, byUser);
    const again = await f.store.mutate(f.db, ref, () => ({ tags: { b: '2', a: '1' }, status: 'on' }), byUser);
    expect(again.changed).toBe(false);
    expect(again.changeId).toBeUndefined();
    expect(await changesOf(ref.id)).toHaveLength(1);
  });

  test('a merge patch sets, merges and removes fields', async () => {
    const ref = lamp();
    await f.store.mutate(f.db, ref, { status: 'on', level: 3, tags: { a: '1' } }, byUser);
    const { state } = await f.store.mutate(f.db, ref, { level: null, tags: { b: '2' } }, byUser);
    expect(state).toEqual({ status: 'on', tags: { a: '1', b: '2' } });
    expect((await changesOf(ref.id))[1]).toMatchObject({ delta: { level: null, tags: { a: '1', b: '2' } } });
  });

  test('deletion writes transitions to null and a tombstone; the next creation has a new creation time', async () => {
    const ref = lamp();
    await f.store.mutate(f.db, ref, { status: 'on' }, byUser);
    f.clock.advance(60_000);
    expect(await f.store.remove(f.db, ref, byUser)).toMatchObject({ removed: true });
    expect(await f.store.remove(f.db, ref, byUser)).toEqual({ removed: false });
    expect(await f.store.get(f.db, ref.kind, ref.id)).toBeNull();
    expect((await changesOf(ref.id))[1]).toMatchObject({ prev: { status: 'on' }, next: null, delta: { status: null } });
    expect((await transitionsOf(ref))[0]).toMatchObject({ from: 'on', to: null });
    await f.store.mutate(f.db, ref, { status: 'off' }, byUser);
    expect((await f.store.get(f.db, ref.kind, ref.id))?.createdAt).toEqual(f.clock.now());
  });

  test('a state that violates the schema is refused with findings, and nothing is written', async () => {
    const ref = lamp();
    const write = f.db.transaction((tx) => f.store.mutate(tx, ref, { status: 'broken', colour: 'red' }, byUser));
    await expect(write).rejects.toMatchObject({ code: 'validation_failed', errors: expect.any(Array) });
    expect(await changesOf(ref.id)).toEqual([]);
    expect(await f.store.get(f.db, ref.kind, ref.id)).toBeNull();
  });

  test('an unknown kind is refused, even if its name is that of an inherited property', async () => {
    for (const kind of ['nothing', 'constructor', '__proto__', 'toString']) {
      await expect(f.store.mutate(f.db, { kind, id: 'x' }, {}, byUser)).rejects.toMatchObject({ code: 'unknown_kind' });
    }
  });

  test('text that Postgres cannot store is refused with its path', async () => {
    const ref = lamp();
    const write = f.store.mutate(f.db, ref, { status: 'on', tags: { a: 'x\0y' } }, byUser);
    await expect(write).rejects.toMatchObject({ code: 'invalid_text', errors: [{ path: 'tags.a' }] });
    const badId = f.store.mutate(f.db, { kind: 'lamp', id: '\ud800' }, { status: 'on' }, byUser);
    await expect(badId).rejects.toMatchObject({ code: 'invalid_text' });
  });

  test('a non-reactive kind can be read and has transitions, but emits no changes', async () => {
    const ref = { kind: 'note', id: 'n1' };
    const result = await f.store.mutate(f.db, ref, { text: 'hello' }, byUser);
    expect(result).toEqual({ state: { text: 'hello' }, changed: true, updatedAt: f.clock.now() });
    expect(await changesOf('n1')).toEqual([]);
    expect(await transitionsOf(ref)).toHaveLength(1);
  });

  test('an instant more than five minutes ahead is replaced with the time of receipt', async () => {
    const [near, far] = [lamp(), lamp()];
    const at = (ms: number) => ({ occurredAt: new Date(f.clock.now().getTime() + ms) });
    await f.store.mutate(f.db, near, { status: 'on' }, byUser, at(299_000));
    await f.store.mutate(f.db, far, { status: 'on' }, byUser, at(301_000));
    expect((await changesOf(near.id))[0]?.occurred_at).toEqual(new Date('2026-11-20T10:04:59.000Z'));
    expect((await changesOf(far.id))[0]?.occurred_at).toEqual(f.clock.now());
  });

  test('concurrent writers of an entity are serialised: the order of seq is the order of states', async () => {
    const ref = lamp();
    await f.store.mutate(f.db, ref, { status: 'on', level: 0 }, byUser);
    const increment = () =>
      f.db.transaction((tx) =>
        f.store.mutate(tx, ref, (prev) => ({ ...prev, level: Number(prev?.level) + 1 }), byUser),
      );
    await Promise.all(Array.from({ length: 20 }, increment));
    const levels = (await changesOf(ref.id)).map((change) => (change.next as { level: number }).level);
    expect(levels).toEqual(Array.from({ length: 21 }, (_, i) => i));
  });

  test('concurrent creators of one entity create it once', async () => {
    const ref = lamp();
    await Promise.all(
      Array.from({ length: 10 }, () => f.db.transaction((tx) => f.store.mutate(tx, ref, { status: 'on' }, byUser))),
    );
    expect(await changesOf(ref.id)).toHaveLength(1);
  });

  test('getMany reads any number of entities of any kind at once and omits those that do not exist', async () => {
    const [a, b] = [lamp(), lamp()];
    await f.store.mutate(f.db, a, { status: 'on' }, byUser);
    await f.store.mutate(f.db, b, { status: 'off' }, byUser);
    const found = await f.store.getMany(f.db, [a, b, { kind: 'lamp', id: 'absent' }, { kind: 'note', id: 'n1' }]);
    expect([...found.keys()].sort()).toEqual([`lamp:${a.id}`, `lamp:${b.id}`, 'note:n1'].sort());
    expect(await f.store.getMany(f.db, [])).toEqual(new Map());
  });

  test('lists return entities newest first, page by page, without gaps', async () => {
    const made = [];
    for (let i = 0; i < 5; i += 1) {
      const ref = { kind: 'paged', id: `p${i}` };
      if (i === 0) await f.store.kinds.put(f.db, 'paged', { schema: {}, reactive: true });
      if (i !== 3) f.clock.advance(1000);
      await f.store.mutate(f.db, ref, {}, byUser);
      made.unshift(ref.id);
    }
    const first = await f.store.list(f.db, 'paged', { limit: 3 });
    const last = first.at(-1);
    const second = await f.store.list(f.db, 'paged', { limit: 3, ...(last && { after: last }) });
    expect([...first, ...second].map((record) => record.id)).toEqual(made);
  });

  describe('history', () => {
    test('inStateSince is the time at which a field took its value, or the creation if it never changed', async () => {
      const ref = lamp();
      const created = f.clock.now();
      await f.store.mutate(f.db, ref, { status: 'on', level: 1 }, byUser);
      f.clock.advance(60_000);
      await f.store.mutate(f.db, ref, { level: 2 }, byUser);
      expect(await f.store.inStateSince(f.db, 'lamp', ref.id, 'status')).toEqual(created);
      expect(await f.store.inStateSince(f.db, 'lamp', ref.id, 'level')).toEqual(f.clock.now());
      expect(await f.store.inStateSince(f.db, 'lamp', ref.id, 'never_seen')).toEqual(created);
      expect(await f.store.inStateSince(f.db, 'lamp', 'absent', 'status')).toBeNull();
    });

    test('predicateSince counts a list of values as one state and starts again after a gap', async () => {
      const ref = lamp();
      const level = async (value: number) => {
        f.clock.advance(60_000);
        await f.store.mutate(f.db, ref, { status: 'on', level: value }, byUser);
        return f.clock.now();
      };
      const since = (values: unknown[]) =>
        f.store.predicateSince(f.db, { kind: 'lamp', id: ref.id, field: 'level', values });
      await level(1);
      const two = await level(2);
      await level(3);
      expect(await since([2, 3])).toEqual(two);
      expect(await since([1])).toBeNull();
      await level(1);
      const back = await level(2);
      expect(await since([2, 3])).toEqual(back);
      await f.store.remove(f.db, ref, byUser);
      expect(await since([2, 3])).toBeNull();
    });

    test('transitionCount counts the changes of a field inside the window, including its start', async () => {
      const ref = lamp();
      for (const status of ['on', 'off', 'on', 'off']) {
        await f.store.mutate(f.db, ref, { status }, byUser);
        f.clock.advance(60_000);
      }
      const count = (minutes: number) =>
        f.store.transitionCount(f.db, 'lamp', ref.id, 'status', minutes * 60_000, f.clock.now());
      expect([await count(1), await count(2), await count(60)]).toEqual([1, 2, 4]);
    });
  });

  describe('custom kinds', () => {
    const schema = {
      type: 'object',
      required: ['phase'],
      properties: { phase: { enum: ['red', 'green'] }, items: { type: 'array', items: { type: 'number' } } },
      additionalProperties: false,
    };

    test('are checked against their JSON Schema, and every finding has a path', async () => {
      await f.store.kinds.put(f.db, 'signal', { schema, reactive: true });
      const ref = { kind: 'signal', id: 's1' };
      expect(await f.store.mutate(f.db, ref, { phase: 'red', items: [1] }, byUser)).toMatchObject({ changed: true });
      const bad = f.store.mutate(f.db, ref, () => ({ items: [1, 'x'], extra: 1 }), byUser);
      await expect(bad).rejects.toMatchObject({ code: 'validation_failed' });
      const error: { errors: { path: string }[] } = await bad.catch((e) => e);
      expect(error.errors.map((e) => e.path).sort()).toEqual(['extra', 'items[1]', 'phase']);
    });

    test('use a new schema from the next write on', async () => {
      await f.store.kinds.put(f.db, 'shape', { schema: { required: ['a'] }, reactive: true });
      await expect(f.store.mutate(f.db, { kind: 'shape', id: '1' }, {}, byUser)).rejects.toThrow();
      await f.store.kinds.put(f.db, 'shape', { schema: {}, reactive: true });
      expect(await f.store.mutate(f.db, { kind: 'shape', id: '1' }, {}, byUser)).toMatchObject({ changed: true });
    });

    test('are refused with an invalid schema, an invalid name or the name of a built-in kind', async () => {
      const put = (kind: string, body: Record<string, unknown>) =>
        f.store.kinds.put(f.db, kind, { schema: body, reactive: true });
      await expect(put('broken', { type: 'nonsense' })).rejects.toMatchObject({ code: 'validation_failed' });
      await expect(put('remote', { $ref: 'http://example.org/x' })).rejects.toMatchObject({
        code: 'validation_failed',
      });
      await expect(put('late', { $async: true })).rejects.toMatchObject({ code: 'validation_failed' });
      await expect(put('no spaces', {})).rejects.toMatchObject({ code: 'validation_failed' });
      await expect(put('lamp', {})).rejects.toMatchObject({ code: 'conflict' });
    });

    test('treat the names of inherited properties as ordinary fields', async () => {
      await f.store.kinds.put(f.db, 'free', { schema: {}, reactive: true });
      const state = JSON.parse('{"__proto__": {"x": 1}, "constructor": "y", "toString": 1}') as Record<string, unknown>;
      await f.store.mutate(f.db, { kind: 'free', id: '1' }, () => state, byUser);
      const stored = await f.store.get(f.db, 'free', '1');
      expect(JSON.stringify(stored?.state)).toContain('"__proto__":{"x":1}');
      const patch = JSON.parse('{"__proto__": {"z": 2}}') as Record<string, unknown>;
      const { state: merged } = await f.store.mutate(f.db, { kind: 'free', id: '1' }, patch, byUser);
      expect(JSON.stringify(merged)).toContain('"__proto__":{"x":1,"z":2}');
      expect(({} as Record<string, unknown>)['x']).toBeUndefined();
    });
  });
});

describe('states that a plugin computes', () => {
  const Room = z.strictObject({ messages: z.number() });
  const counts: Record<string, number> = { ops: 3, news: 0 };
  const readIds: (readonly string[])[] = [];
  const rooms = computedEntity('room', Room, {
    description: 'A room',
    async read({ db }, ids) {
      readIds.push(ids);
      const { rows } = await db.execute<{ id: string }>(
        sql`select id from unnest(${sql.param([...ids])}::text[]) as id`,
      );
      return new Map(rows.flatMap(({ id }) => (counts[id] === undefined ? [] : [[id, { messages: counts[id] }]])));
    },
    list: (_context, { limit, after = '' }) =>
      Promise.resolve(
        Object.keys(counts)
          .sort()
          .filter((id) => id > after)
          .slice(0, limit),
      ),
  });
  const failing = (kind: string, read: Parameters<typeof computedEntity<typeof Room>>[2]['read']) =>
    computedEntity(kind, Room, { description: kind, read });
  const plugin: Plugin = {
    id: 'chat',
    entityKinds: [
      rooms,
      failing('refused', async ({ db }) => (await db.execute(sql`select nothing`)).rows as never),
      failing('malformed', (_context, ids) =>
        Promise.resolve(Object.fromEntries(ids.map((id) => [id, { messages: 'many' as never }]))),
      ),
      failing('unreachable', () => Promise.reject(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }))),
    ],
  };
  const scope: ExpressionContext = {
    facts: {
      trigger: { id: 't', payload: { room: 'ops' } },
      contextKey: null,
      run: { id: 'r', startedAt: null },
      automation: { id: 'a', name: 'A', group: null },
    },
    ...{ variables: {}, artifacts: [], repeat: null, usesState: [], stateWindowMinutes: 60 },
  };
  let f: EntityFixture;
  let evaluator: ReturnType<typeof createEvaluator>;
  beforeAll(async () => {
    f = await createEntityFixture([plugin, lampPlugin]);
    evaluator = createEvaluator({
      entities: f.store,
      filters: createFilterRegistry(),
      clock: f.clock,
      timezone: 'UTC',
    });
  });
  afterAll(() => f.end());

  test('are read by conditions, templates and the store, with one call for each kind', async () => {
    readIds.length = 0;
    const both = 'state.room[trigger.payload.room].messages == 3 and state.room.news.messages == 0';
    expect(await evaluator.condition(f.db, both, scope)).toMatchObject({ value: true });
    expect(readIds).toEqual([['ops', 'news']]);
    expect(await evaluator.render(f.db, '{{ state.room.nowhere.messages | default("none") }}', scope)).toBe('none');
    expect(JSON.parse(String(await evaluator.render(f.db, '{{ state.room | json }}', scope)))).toEqual({
      ...{ news: { messages: 0 }, ops: { messages: 3 } },
    });
    expect(await f.store.get(f.db, 'room', 'ops')).toMatchObject({ state: { messages: 3 } });
    expect(await f.store.get(f.db, 'room', 'nowhere')).toBeNull();
    const [first, ...more] = await f.store.list(f.db, 'room', { limit: 1 });
    expect([first, more]).toMatchObject([{ id: 'news' }, []]);
    const after = { createdAt: new Date(0), id: 'news' };
    expect(await f.store.list(f.db, 'room', { limit: 9, after })).toMatchObject([{ id: 'ops' }]);
  });

  test('cannot be written, and waits for them are evaluated every minute', async () => {
    const write = f.store.mutate(f.db, { kind: 'room', id: 'ops' }, { messages: 4 }, byUser);
    await expect(write).rejects.toMatchObject({ code: 'conflict' });
    const reading = await evaluator.readCondition(f.db, 'state.room.ops.messages > 5', scope);
    expect(reading.value).toBe(false);
    expect(reading.changesAt?.getTime()).toBe(f.clock.now().getTime() + 60_000);
  });

  test.each([
    ['refused', 'column "nothing" does not exist'],
    ['malformed', 'the state of "x" is not valid: messages'],
    ['unreachable', 'connect'],
  ])('make conditions false and have no other effect if the kind %s cannot be read', async (kind, why) => {
    const reason = expect.stringContaining(`"state.${kind}" could not be read: ${why}`) as string;
    await f.db.transaction(async (tx) => {
      await f.store.mutate(tx, { kind: 'lamp', id: kind }, { status: 'on' }, byUser);
      for (const condition of [`state.${kind}.x.messages == 1`, `not (state.${kind}.x.messages == 1)`]) {
        expect(await evaluator.condition(tx, condition, scope)).toMatchObject({ value: false, reason });
      }
      expect(await evaluator.condition(tx, `state.lamp.${kind}.status == "on"`, scope)).toMatchObject({ value: true });
    });
    expect(await f.store.get(f.db, 'lamp', kind)).toMatchObject({ state: { status: 'on' } });
    const warnings: string[] = [];
    const warned = { ...scope, onWarning: (warning: string) => warnings.push(warning) };
    expect(await evaluator.render(f.db, `<{{ state.${kind}.x.messages }}>`, warned)).toBe('<>');
    expect(warnings).toEqual([reason]);
    await expect(f.store.get(f.db, kind, 'x')).rejects.toMatchObject({ code: 'provider_failed' });
    await expect(f.store.list(f.db, kind, { limit: 1 })).rejects.toThrow('its entities cannot be listed');
  });

  test('are abandoned if reading them takes too long, and later statements of the read are refused', async () => {
    let late: Promise<unknown> = Promise.resolve();
    let resume = (): void => undefined;
    const slow = failing('slow', async ({ db }) => {
      await new Promise<void>((resolve) => (resume = resolve));
      late = Promise.resolve().then(() => (db as Executor).execute(sql`select 1`));
      await late;
      return {};
    });
    const registry = { entityKinds: () => new Map([['slow', slow]]) } as never;
    const reader = createComputedReader({ registry, clock: f.clock, limitMs: 20 });
    const { unavailable } = await reader.read(f.db, [{ kind: 'slow', id: 'x' }], 1);
    expect(unavailable).toEqual([
      { kind: 'slow', reason: '"state.slow" could not be read: its accessor took longer than 20 ms' },
    ]);
    resume();
    await Promise.resolve();
    await expect(late).rejects.toThrow('used its database after it had returned');
  });
});
