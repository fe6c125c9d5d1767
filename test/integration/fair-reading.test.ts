import { appendChanges, PARTITIONS, type NewEvent } from '../../src/db/change-log';
import { createDatabase, type Database } from '../../src/db/client';
import { createChangeReader, entityKey, type BacklogLimits } from '../../src/engine/change-reader';
import { createTestDatabase, type TestDatabase } from '../support/database';

const CAUSE = { actor: { type: 'user', id: 'test' } as const, causedBy: null, depth: 0 };
const KIND = 'automation.event';
const event = (type: string, id: string): NewEvent => ({
  ...{ kind: KIND, id, event: 'automation.event', contextKey: id, occurredAt: new Date(), cause: CAUSE },
  payload: { type, source: 'test', data: {} },
});
const leases = (partitions: readonly number[], epoch = 1) => new Map(partitions.map((partition) => [partition, epoch]));
const all = leases(Array.from({ length: PARTITIONS }, (_, n) => n));
const bySeq = (a: number, b: number) => a - b;

describe('reading the log', () => {
  let testDatabase: TestDatabase;
  let database: Database;
  beforeEach(async () => {
    testDatabase = await createTestDatabase();
    database = createDatabase(testDatabase.url);
  });
  afterEach(async () => {
    await database.close();
    await testDatabase.drop();
  });

  const append = async (events: readonly NewEvent[], db: Parameters<typeof appendChanges>[0] = database.db) => {
    for (let n = 0; n < events.length; n += 1_000) await appendChanges(db, events.slice(n, n + 1_000));
  };
  const many = (count: number, of: (n: number) => NewEvent) => Array.from({ length: count }, (_, n) => of(n));
  const route = (seqs: readonly number[]) =>
    database.pool.query('update changes set routed_at = now() where seq = any($1)', [seqs]);

  const createReader = (limits?: BacklogLimits) => {
    const reader = createChangeReader(database.db, limits);
    return async (limit: number, { held = all, resting = new Array<string>() } = {}) => {
      const entities = new Map(resting.map((id) => [entityKey({ kind: KIND, id }), { kind: KIND, id }]));
      const { changes, isFull } = await reader.read(held, { resting: entities, limit });
      return { isFull, changes: changes.map(({ change }) => change), ids: changes.map(({ change }) => change.id) };
    };
  };
  /** Creates a reader that has just found a backlog. */
  const createReaderOfBacklog = async (limits?: BacklogLimits) => {
    const read = createReader(limits);
    expect(await read(1)).toMatchObject({ isFull: true });
    return read;
  };

  it('changes are in the order of the log if there is no backlog', async () => {
    await append(many(50, (n) => event(`t${n % 3}`, `e${n % 7}`)));
    const { changes, isFull } = await createReader()(51);
    const seqs = changes.map(({ seq }) => seq);
    expect(seqs).toHaveLength(50);
    expect(seqs).toEqual(seqs.toSorted(bySeq));
    expect(isFull).toBe(false);
  });

  describe('during a backlog', () => {
    it('an event after 2,000 events of another type is among the first ten', async () => {
      await append(many(2_000, (n) => event('noisy', `n${n}`)));
      await append([event('quiet', 'q')]);
      expect((await createReader()(500)).ids).not.toContain('q');
      const read = await createReaderOfBacklog();
      expect((await read(10)).ids).toContain('q');
    });

    it('an event after 2,000 events of the same type from another entity is among the first ten', async () => {
      await append(many(2_000, () => event('same', 'noisy')));
      await append([event('same', 'quiet')]);
      const read = await createReaderOfBacklog();
      expect((await read(10)).ids).toContain('quiet');
    });

    it('an event after 12,000 events is returned by the third read, and a later one by the read after it', async () => {
      await append(many(12_000, (n) => event('noisy', `n${n}`)));
      await append([event('quiet', 'q')]);
      const read = await createReaderOfBacklog();
      for (const isExpected of [false, false, true]) {
        const { changes, ids } = await read(16);
        expect(ids.includes('q')).toBe(isExpected);
        await route(changes.map(({ seq }) => seq));
      }
      await append([event('quiet', 'r')]);
      expect((await read(16)).ids.slice(0, 2)).toContain('r');
    });

    it('changes of an entity with different types keep their order and none of them is skipped', async () => {
      const types = ['a', 'a', 'a', 'a', 'b', 'c'];
      await append(many(900, (n) => event(types[(n * 7) % 6] ?? 'a', `e${(n * n) % 17}`)));
      const all = (await createReader()(1_000)).changes;
      expect(all).toHaveLength(900);
      for (const limit of [1, 7, 100, 500, 900]) {
        const seen = (await (await createReaderOfBacklog())(limit)).changes;
        expect(seen).toHaveLength(limit);
        for (const id of new Set(all.map((change) => change.id))) {
          const own = all.filter((change) => change.id === id).map(({ seq }) => seq);
          const read = seen.filter((change) => change.id === id).map(({ seq }) => seq);
          expect(read).toEqual(own.slice(0, read.length));
        }
      }
    });

    it('changes that could not be routed are returned again, before later changes of their entity', async () => {
      await append(many(6, (n) => event('t', n % 2 === 0 ? 'even' : 'odd')));
      const read = await createReaderOfBacklog();
      const first = (await read(4)).changes;
      await route(first.filter(({ id }) => id === 'odd').map(({ seq }) => seq));
      const second = (await read(10)).changes;
      const even = second.filter(({ id }) => id === 'even').map(({ seq }) => seq);
      expect(even).toHaveLength(3);
      expect(even).toEqual(even.toSorted(bySeq));
      expect(second).toHaveLength(4);
    });

    it('changes of resting entities are left out until the entities no longer rest', async () => {
      await append(many(6, (n) => event('t', n % 2 === 0 ? 'even' : 'odd')));
      const read = await createReaderOfBacklog();
      expect((await read(3, { resting: ['even'] })).ids).toEqual(['odd', 'odd', 'odd']);
      expect((await read(10)).ids.filter((id) => id === 'even')).toHaveLength(3);
    });

    it('a change with a lower position that commits later is returned by the next read', async () => {
      await append(many(20, (n) => event('t', `e${n}`)));
      const client = await database.pool.connect();
      await client.query('begin');
      await client.query(
        `insert into changes (change_id, partition, kind, entity_id, event, payload, actor, occurred_at)
         values (gen_random_uuid(), 0, $1, 'late', $1, '{"type": "late"}', '{}', now())`,
        [KIND],
      );
      await append(many(20, (n) => event('t', `f${n}`)));
      const read = await createReaderOfBacklog();
      expect((await read(10)).ids).not.toContain('late');
      await client.query('commit');
      client.release();
      expect((await read(10)).ids).toContain('late');
    });

    it('a change of another partition is returned as soon as the partition is held', async () => {
      await append(many(200, (n) => event('t', `e${n}`)));
      const { rows } = await database.pool.query<{ partition: number; count: number }>(
        'select partition, count(*)::int from changes group by partition order by partition limit 2',
      );
      const [one, two] = rows;
      if (one === undefined || two === undefined) throw new Error('the changes have fewer than two partitions');
      const read = createReader();
      expect(await read(1, { held: leases([one.partition]) })).toMatchObject({ isFull: true });
      const held = leases([one.partition, two.partition]);
      expect(await read(1, { held })).toMatchObject({ isFull: true });
      expect((await read(200, { held })).ids).toHaveLength(one.count + two.count);
    });

    it('a change that an operator retries is returned', async () => {
      await append([
        ...many(1_500, (n) => event('t', `d${n}`)),
        event('t', 'failed'),
        ...many(50, (n) => event('t', `e${n}`)),
      ]);
      await database.pool.query(`update changes set routed_at = now(), failed_at = now() where entity_id = 'failed'`);
      const read = await createReaderOfBacklog({ maxBacklog: 10_000, compareAfterMs: 0 });
      expect((await read(10)).ids).not.toContain('failed');
      await database.pool.query(`update changes set routed_at = null, failed_at = null where entity_id = 'failed'`);
      // The first of these reads compares changes up to the thousandth, the second compares the rest.
      const ids = [...(await read(1)).ids, ...(await read(2_000)).ids];
      expect(ids).toContain('failed');
      expect(new Set(ids).size).toBe(1_551);
    });

    it('with more changes of resting entities than fit in memory, each read still returns other changes', async () => {
      await append([...many(30, () => event('t', 'resting')), ...many(7, (n) => event('t', `e${n}`))]);
      const read = await createReaderOfBacklog({ maxBacklog: 20, compareAfterMs: 30_000 });
      for (const expected of [3, 3, 1]) {
        const { changes, ids, isFull } = await read(3, { resting: ['resting'] });
        await route(changes.map(({ seq }) => seq));
        expect(new Set(ids).size).toBe(expected);
        expect([ids.includes('resting'), isFull]).toEqual([false, expected === 3]);
      }
    });

    it('changes that another worker has routed are not chosen after a lease was lost and taken again', async () => {
      await append(many(500, (n) => event('t', `e${n}`)));
      const read = await createReaderOfBacklog();
      await read(10);
      await database.pool.query('update changes set routed_at = now()');
      await append([event('t', 'new')]);
      const again = leases([...all.keys()], 2);
      expect(await read(10, { held: again })).toMatchObject({ ids: ['new'], isFull: false });
    });

    it('all changes are returned once, in order for each entity, however many fit in memory', async () => {
      await append(many(300, (n) => event(`t${n % 4}`, `e${(n * n) % 23}`)));
      const read = await createReaderOfBacklog({ maxBacklog: 40, compareAfterMs: 30_000 });
      const seen: { id: string; seq: number }[] = [];
      for (let isFull = true; isFull;) {
        const result = await read(16);
        await route(result.changes.map(({ seq }) => seq));
        seen.push(...result.changes.map(({ id, seq }) => ({ id, seq })));
        isFull = result.isFull;
      }
      expect(seen).toHaveLength(300);
      for (const id of new Set(seen.map((change) => change.id))) {
        const seqs = seen.filter((change) => change.id === id).map(({ seq }) => seq);
        expect(seqs).toEqual([...new Set(seqs)].toSorted(bySeq));
      }
    });
  });
});
