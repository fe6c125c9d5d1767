import { setTimeout as sleep } from 'node:timers/promises';
import { DrizzleQueryError } from 'drizzle-orm/errors';
import type { EntityState } from '../../domain/entities/diff';
import type { EntityKind } from '../../domain/entities/entity-kind';
import { FermataError, messageOf } from '../../domain/errors';
import type { Registry } from '../../domain/registry/registry';
import { isDatabaseUnavailable } from '../availability';
import type { Executor } from '../executor';

/** Timeout in milliseconds for one call of a read accessor. */
const READ_MS = 5_000;
/** Id that represents all entities of a kind. */
const ANY_ID = '*';

interface ComputedState {
  kind: string;
  id: string;
  state: EntityState;
}

/** States of computed kinds, as returned by their read accessors. */
export interface ComputedStates {
  states: ComputedState[];
  /** Whether any reference is to an entity of a computed kind. */
  any: boolean;
  /** Kinds that could not be read. */
  unavailable: { kind: string; reason: string }[];
}

/** Reads states that plugins compute. */
export interface ComputedReader {
  /** Returns the kind if its states are computed, otherwise undefined. */
  kindOf(kind: string): (EntityKind & Required<Pick<EntityKind, 'read'>>) | undefined;
  /**
   * Returns the states for the references to computed kinds. References to other kinds and to entities that do not
   * exist are left out. The id `*` selects up to `limit` entities from the kind's `list`. The accessor of each kind is
   * called once.
   * @throws when Postgres is unreachable
   */
  read(db: Executor, refs: readonly { kind: string; id: string }[], limit: number): Promise<ComputedStates>;
  /**
   * Returns one page of a kind's states, ordered by id.
   * @throws {FermataError} `provider_failed` when the kind cannot be read
   */
  list(db: Executor, kind: string, page: { limit: number; after?: string }): Promise<ComputedState[]>;
}

const NOTHING: ComputedStates = { states: [], any: false, unavailable: [] };

/** Creates the reader. `limitMs` is the timeout for one call of an accessor (default 5,000). */
export function createComputedReader({
  registry,
  clock,
  limitMs = READ_MS,
}: {
  registry: Registry;
  clock: { now(): Date };
  limitMs?: number;
}): ComputedReader {
  const computed = new Map(
    [...registry.entityKinds().values()].flatMap((kind) => {
      const { read } = kind;
      return read === undefined ? [] : [[kind.kind, { ...kind, read }] as const];
    }),
  );

  const attempt = createAttempts(limitMs);
  const { statesOf, idsOf } = createAccess(clock);

  return {
    kindOf: (kind) => computed.get(kind),

    async read(db, refs, limit) {
      if (computed.size === 0) return NOTHING;
      const kinds = [...new Set(refs.map(({ kind }) => kind))].flatMap((kind) => computed.get(kind) ?? []);
      const result: ComputedStates = { states: [], any: kinds.length > 0, unavailable: [] };
      for (const kind of kinds) {
        const ids = refs.filter((ref) => ref.kind === kind.kind).map(({ id }) => id);
        const one = ids.filter((id) => id !== ANY_ID);
        try {
          const states = await attempt(db, kind.kind, async (own) => {
            const more = one.length === ids.length ? [] : await idsOf(own, kind, { limit });
            return statesOf(own, kind, [...new Set([...one, ...more])]);
          });
          result.states.push(...states);
        } catch (error) {
          if (!(error instanceof FermataError)) throw error;
          result.unavailable.push({ kind: kind.kind, reason: error.message });
        }
      }
      return result;
    },

    async list(db, name, page) {
      const kind = computed.get(name);
      if (kind === undefined) return [];
      return attempt(db, name, async (own) => statesOf(own, kind, await idsOf(own, kind, page)));
    },
  };
}

/**
 * Runs accessors in a savepoint of the caller's transaction, so that the failure of an accessor undoes only its own
 * statements.
 */
const createAttempts =
  (limitMs: number) =>
  async <T>(db: Executor, kind: string, work: (db: Executor) => Promise<T>): Promise<T> =>
    db.transaction(async (tx) => {
      const own = revocable(tx as Executor);
      const late = new AbortController();
      try {
        return await Promise.race([work(own.db), tooLate(limitMs, late.signal)]);
      } catch (error) {
        // A service that the plugin calls may refuse connections with the same error as Postgres does, so only errors
        // of statements are treated as an unavailable database.
        if (error instanceof DrizzleQueryError && isDatabaseUnavailable(error)) throw error;
        throw unreadable(kind, messageOf(error));
      } finally {
        own.revoke();
        late.abort();
      }
    });

/** Calls the accessors and validates their results. */
function createAccess(clock: { now(): Date }) {
  const statesOf = async (db: Executor, kind: Computed, ids: readonly string[]): Promise<ComputedState[]> => {
    if (ids.length === 0) return [];
    const found = await kind.read({ db, now: clock.now() }, ids);
    const known = found instanceof Map ? found : new Map(Object.entries(found));
    return ids.flatMap((id) => {
      const state = known.get(id);
      if (state === undefined || state === null) return [];
      const parsed = kind.schema.safeParse(state);
      if (parsed.success) return [{ kind: kind.kind, id, state: parsed.data }];
      const [issue] = parsed.error.issues;
      throw new Error(`the state of "${id}" is not valid: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
    });
  };

  const idsOf = async (db: Executor, kind: Computed, page: { limit: number; after?: string }): Promise<string[]> => {
    if (kind.list === undefined) throw new Error('its entities cannot be listed; read them by id');
    const ids = await kind.list({ db, now: clock.now() }, page);
    return ids.slice(0, page.limit);
  };

  return { statesOf, idsOf };
}

type Computed = EntityKind & Required<Pick<EntityKind, 'read'>>;

const unreadable = (kind: string, reason: string): FermataError =>
  new FermataError('provider_failed', `"state.${kind}" could not be read: ${reason}`);

async function tooLate(limitMs: number, signal: AbortSignal): Promise<never> {
  await sleep(limitMs, undefined, { signal, ref: false });
  throw new Error(`its accessor took longer than ${limitMs} ms`);
}

/**
 * Returns a database handle that refuses statements once the accessor has ended. Without this, a late statement would
 * run inside the next accessor's savepoint.
 */
function revocable(db: Executor): { db: Executor; revoke(): void } {
  let ended = false;
  return {
    db: new Proxy(db, {
      get(target, key) {
        if (ended) throw new Error('A read accessor used its database after it had returned');
        const value: unknown = Reflect.get(target, key);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    }),
    revoke: () => {
      ended = true;
    },
  };
}
