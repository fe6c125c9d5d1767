import { appendChanges, changesOfEntityBefore } from '../../src/db/change-log';
import { claimDelivery } from '../../src/db/claim-deliveries';
import { createDatabase, type Database } from '../../src/db/client';
import { uuidV7 } from '../../src/domain/clock';
import { createTestDatabase } from '../support/database';

let test: Awaited<ReturnType<typeof createTestDatabase>>;
let database: Database;
beforeAll(async () => {
  test = await createTestDatabase();
  database = createDatabase(test.url);
});
afterAll(async () => {
  await database.close();
  await test.drop();
});

describe('the changes of an entity between a change and an instant', () => {
  const NOW = new Date('2026-11-30T12:00:00Z');
  const state = (isOn: boolean, occurredAt: Date) => ({
    ...{ kind: 'light', id: 'l', occurredAt, prev: null, next: { isOn }, delta: { isOn }, changedFields: ['isOn'] },
    cause: { actor: { type: 'user' as const, id: 'u' }, causedBy: null, depth: 0 },
  });
  const range = { entity: { kind: 'light', id: 'l' }, before: NOW };

  it('are those after the change, in order', async () => {
    const at = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);
    const changes = [state(true, at(3)), state(false, at(2)), state(true, at(1)), state(false, at(-1))];
    const [first, second, third] = await appendChanges(database.db, changes);
    const found = await changesOfEntityBefore(database.db, { ...range, after: first?.changeId ?? '' });
    expect(found?.map(({ changeId }) => changeId)).toEqual([second?.changeId, third?.changeId]);
  });

  it('are unknown when the change is no longer in the log', async () => {
    expect(await changesOfEntityBefore(database.db, { ...range, after: uuidV7.next() })).toBeNull();
  });
});

describe('a message with several identities', () => {
  const claim = (keys: string[], changeIds: string[]) =>
    claimDelivery(
      database.db,
      keys.map((key) => ({ key })),
      changeIds,
    );

  it.each(['a-signature', 'c-signature'])(
    'is a repeat if one of them is known, and its other identities then belong to the first delivery: %s',
    async (signature) => {
      const [first, second] = [uuidV7.next(), uuidV7.next()];
      const delivery = `b-delivery of ${signature}`;
      expect(await claim([delivery], [first])).toBeUndefined();
      // A retry with the same delivery id and another signature, and then a copy of the retry without the delivery id.
      expect(await claim([signature, delivery], [second])).toEqual([first]);
      expect(await claim([signature], [uuidV7.next()])).toEqual([first]);
    },
  );
});
