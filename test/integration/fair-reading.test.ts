import { appendChanges, PARTITIONS, type NewEvent } from '../../src/db/change-log';
import { createDatabase, type Database } from '../../src/db/client';
import { readUnrouted } from '../../src/engine/change-reader';
import { createTestDatabase, type TestDatabase } from '../support/database';

const CAUSE = { actor: { type: 'user', id: 'test' } as const, causedBy: null, depth: 0 };
const event = (type: string, id: string): NewEvent => ({
  ...{ kind: 'automation.event', id, event: 'automation.event', contextKey: id, occurredAt: new Date(), cause: CAUSE },
  payload: { type, source: 'test', data: {} },
});
const partitions = Array.from({ length: PARTITIONS }, (_, n) => n);

describe('reading the log during a backlog', () => {
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

  const append = (events: readonly NewEvent[]) => appendChanges(database.db, events);
  const read = async (limit: number, fair = true) => {
    const { changes } = await readUnrouted(database.db, partitions, { resting: [], limit, fair });
    return changes.map(({ change }) => change);
  };
  const many = (count: number, of: (n: number) => NewEvent) => Array.from({ length: count }, (_, n) => of(n));

  it('an event after 2,000 events of another type is among the first ten', async () => {
    await append(many(2_000, (n) => event('noisy', `n${n}`)));
    await append([event('quiet', 'q')]);
    expect((await read(500, false)).map(({ id }) => id)).not.toContain('q');
    expect((await read(10)).map(({ id }) => id)).toContain('q');
  });

  it('an event after 2,000 events of the same type from another entity is among the first ten', async () => {
    await append(many(2_000, () => event('same', 'noisy')));
    await append([event('same', 'quiet')]);
    expect((await read(10)).map(({ id }) => id)).toContain('quiet');
  });

  it('changes of an entity with different types keep their order and none of them is skipped', async () => {
    const types = ['a', 'a', 'a', 'a', 'b', 'c'];
    await append(many(900, (n) => event(types[(n * 7) % 6] ?? 'a', `e${(n * n) % 17}`)));
    const all = await read(1_000);
    expect(all).toHaveLength(900);
    for (const limit of [1, 7, 100, 500, 900]) {
      const seen = await read(limit);
      expect(seen).toHaveLength(limit);
      for (const id of new Set(all.map((change) => change.id))) {
        const own = all.filter((change) => change.id === id).map(({ seq }) => seq);
        const read = seen.filter((change) => change.id === id).map(({ seq }) => seq);
        expect(read).toEqual(own.toSorted((a, b) => a - b).slice(0, read.length));
      }
    }
  });

  it('changes are in the order of the log if there is no burst', async () => {
    await append(many(50, (n) => event('t', `e${n}`)));
    const seqs = (await read(50)).map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
  });
});
