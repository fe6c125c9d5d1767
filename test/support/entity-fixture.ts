import { createDatabase, type Database } from '../../src/db/client';
import { createEntityStore, type EntityStore } from '../../src/db/entity-store';
import type { Cause } from '../../src/domain/entities/change';
import { systemClock, uuidV7, type Clock } from '../../src/domain/clock';
import { createRegistry, type Registry } from '../../src/domain/registry/registry';
import type { Plugin } from '../../src/integrations/contract';
import { createTestDatabase } from './database';

/** A user of the API as the cause of a change. */
export const byUser: Cause = { actor: { type: 'user', id: 'ada' }, causedBy: null, depth: 0 };

/** A clock that changes only when a test sets it. */
export interface StoppedClock extends Clock {
  set(now: Date | string): void;
  advance(ms: number): void;
}

/** Creates a clock that is stopped at the given time. */
export function stoppedClock(start: string): StoppedClock {
  let now = new Date(start);
  return {
    now: () => now,
    set: (to) => (now = new Date(to)),
    advance: (ms) => (now = new Date(now.getTime() + ms)),
  };
}

/** Creates an entity store with only these kinds. Tests use it to write entities as a plugin route would. */
export function entityStoreOf(entityKinds: NonNullable<Plugin['entityKinds']>): EntityStore {
  return createEntityStore({
    registry: createRegistry([{ id: 'test', entityKinds }]),
    clock: systemClock,
    ids: uuidV7,
  });
}

/** A migrated database with an entity store. */
export interface EntityFixture extends Database {
  store: EntityStore;
  registry: Registry;
  clock: StoppedClock;
  rows<R>(statement: string, values?: unknown[]): Promise<R[]>;
  end(): Promise<void>;
}

/** Creates a fixture. Each test file creates its own fixture and must end it. */
export async function createEntityFixture(plugins: readonly Plugin[]): Promise<EntityFixture> {
  const test = await createTestDatabase();
  const database = createDatabase(test.url);
  const clock = stoppedClock('2026-11-20T10:00:00.000Z');
  const registry = createRegistry(plugins);
  return {
    ...database,
    ...{ clock, registry },
    store: createEntityStore({ registry, clock, ids: uuidV7 }),
    rows: async <R>(statement: string, values: unknown[] = []) =>
      (await database.pool.query(statement, values)).rows as R[],
    end: async () => {
      await database.close();
      await test.drop();
    },
  };
}
