import { and, desc, eq, isNotNull, sql } from 'drizzle-orm';
import type { Clock, Ids } from '../domain/clock';
import type { Cause } from '../domain/entities/change';
import { diffState, type EntityState } from '../domain/entities/diff';
import { mergePatch } from '../domain/entities/merge-patch';
import { occurredAtOf } from '../domain/entities/occurred-at';
import { assertStorable } from '../domain/entities/storable';
import { FermataError } from '../domain/errors';
import type { Registry } from '../domain/registry/registry';
import { appendChanges, type NewChange } from './change-log';
import { createComputedReader, type ComputedReader, type ComputedStates } from './entities/computed-states';
import { createEntityKindStore, type EntityKindStore, type ResolvedKind } from './entities/entity-kinds';
import { lockEntities } from './entities/lock-entity';
import * as transitions from './entities/transitions';
import { writeStates, type StateWrite } from './entities/write-state';
import type { Executor } from './executor';
import { entities } from './tables/entities';

/** Identifies an entity. */
export interface EntityRef {
  kind: string;
  id: string;
}

/** An entity that exists. */
export interface EntityRecord extends EntityRef {
  state: EntityState;
  createdAt: Date;
  updatedAt: Date;
}

/**
 * A merge patch (RFC 7396), or a function from the locked state (null = the entity does not exist) to the whole new
 * state.
 */
export type EntityUpdate = EntityState | ((prev: EntityState | null) => EntityState);

/** Options of a write to an entity. */
export interface WriteOptions {
  /**
   * When the state began. Default: the server's time, which also replaces a time that is more than five minutes ahead
   * of it.
   */
  occurredAt?: Date;
  /** Data, besides the state, that derived events include in their payloads, e.g. a system's name. */
  context?: Record<string, unknown>;
  /** The kind, if the caller has already read it in this transaction. */
  kind?: ResolvedKind;
}

/** One of several writes to entities of a kind. */
export interface EntityWrite extends Pick<WriteOptions, 'occurredAt' | 'context'> {
  id: string;
  update: EntityUpdate;
}

/** Result of a write. */
export interface MutateResult {
  state: EntityState;
  changed: boolean;
  /** When the entity was last written. */
  updatedAt: Date;
  /** Id of the row in the change log; absent when nothing changed or the kind is not reactive. */
  changeId?: string;
}

/**
 * Reads and writes entities. All entities except alerts (`alerts.ts`) are written only here, so the log contains every
 * change.
 */
export interface EntityStore {
  readonly kinds: EntityKindStore;
  readonly clock: Clock;
  readonly ids: Ids;
  /**
   * Applies an update while the row is locked: writes the new state, its transitions and the change row in the caller's
   * transaction. An unchanged state (deep comparison, key order ignored) writes nothing. Throws `unknown_kind`,
   * `validation_failed`, `invalid_text`, and `conflict` for a computed kind. Callers that write several entities in one
   * transaction must do so in (kind, id) order, or use `mutateMany`.
   */
  mutate(
    tx: Executor,
    ref: EntityRef,
    update: EntityUpdate,
    cause: Cause,
    options?: WriteOptions,
  ): Promise<MutateResult>;
  /**
   * Does the same as `mutate` for several entities of one kind. The number of statements does not depend on the number
   * of entities. The ids must be distinct. Results and changes are in the order of `writes`.
   */
  mutateMany(
    tx: Executor,
    kind: string | ResolvedKind,
    writes: readonly EntityWrite[],
    cause: Cause,
  ): Promise<MutateResult[]>;
  /**
   * Removes the entity, and writes transitions to null and, if the kind is reactive, a change row without a next state.
   * Returns false when the entity does not exist.
   */
  remove(
    tx: Executor,
    ref: EntityRef,
    cause: Cause,
    options?: WriteOptions,
  ): Promise<{ removed: boolean; changeId?: string }>;
  /**
   * Returns the entity, or null.
   * @throws {FermataError} `provider_failed` for a computed kind that cannot be read
   */
  get(db: Executor, kind: string, id: string): Promise<EntityRecord | null>;
  /**
   * Returns the states for the references to computed kinds, and why a kind could not be read. The id `*` means all
   * entities of a kind, at most `limit`.
   */
  computed(db: Executor, refs: readonly EntityRef[], limit: number): Promise<ComputedStates>;
  /**
   * Returns the referenced entities that are stored, by `refKey`. Uses one query. Entities that do not exist are
   * absent.
   */
  getMany(db: Executor, refs: readonly EntityRef[]): Promise<Map<string, EntityRecord>>;
  /**
   * Returns entities of a kind from newest to oldest; those of computed kinds are ordered by id. `after` is the last
   * entity on the previous page.
   */
  list(
    db: Executor,
    kind: string,
    page: { limit: number; after?: { createdAt: Date; id: string } },
  ): Promise<EntityRecord[]>;
  transitions(db: Executor, query: transitions.TransitionQuery): Promise<transitions.Transition[]>;
  inStateSince(db: Executor, kind: string, id: string, field: string): Promise<Date | null>;
  transitionCount(db: Executor, kind: string, id: string, field: string, windowMs: number, now: Date): Promise<number>;
  predicateSince(db: Executor, predicate: transitions.Predicate): Promise<Date | null>;
}

/** Maximum number of characters in an entity's id. */
const MAX_ID_LENGTH = 512;

/** Returns the key of an entity in the maps that `getMany` returns. */
export function refKey(ref: EntityRef): string {
  return `${ref.kind}:${ref.id}`;
}

function assertId(ref: EntityRef): void {
  assertStorable(ref.id, 'id');
  if (ref.id !== '' && ref.id.length <= MAX_ID_LENGTH) return;
  const message = `must have 1 to ${MAX_ID_LENGTH} characters`;
  throw new FermataError('validation_failed', `The entity's id ${message}`, {
    errors: [{ path: 'id', message, code: 'invalid_id' }],
  });
}

/**
 * Validates a state and fills in the defaults of the kind's schema.
 * @throws {FermataError} `validation_failed`, `invalid_text`
 */
async function validated(kind: ResolvedKind, ref: EntityRef, state: EntityState): Promise<EntityState> {
  assertStorable(state);
  const result = await kind.validate(state);
  if ('state' in result) return result.state;
  const first = result.errors[0];
  const where = first?.path ? `"${first.path}" ` : '';
  throw new FermataError(
    'validation_failed',
    `The state of ${refKey(ref)} is not valid: ${where}${first?.message ?? ''}`,
    {
      errors: result.errors,
    },
  );
}

function toRecord(row: typeof entities.$inferSelect): EntityRecord[] {
  const { state, ...rest } = row;
  return state ? [{ ...rest, state }] : [];
}

/**
 * Writes states, transitions and changes in two statements: one for states and transitions, and one for changes.
 * Returns for each state whether it changed, and the id of its change row if the kind is reactive.
 */
async function record(
  tx: Executor,
  kind: ResolvedKind,
  states: readonly (Pick<EntityWrite, 'id' | 'occurredAt' | 'context'> & Pick<StateWrite, 'prev' | 'next'>)[],
  { cause, now, ids }: { cause: Cause; now: Date; ids: Ids },
): Promise<{ changed: boolean; changeId?: string }[]> {
  const writes: StateWrite[] = [];
  const changes: NewChange[] = [];
  const results = states.map(({ id, prev, next, context, ...rest }) => {
    const diff = diffState(prev, next);
    const created = (prev === null) !== (next === null);
    // An unchanged state gets neither a transition nor a change row, so a sender that repeats it starts nothing.
    if (diff.changedFields.length === 0 && !created) return { changed: false };
    const changeId = ids.next();
    const occurredAt = occurredAtOf(rest.occurredAt, now);
    writes.push({ id, prev, next, changedFields: diff.changedFields, changeId, occurredAt });
    if (!kind.reactive) return { changed: true };
    const facts = { changeId, kind: kind.kind, id, occurredAt, cause };
    changes.push({ ...facts, prev, next, ...diff, ...(context && { context }) });
    return { changed: true, changeId };
  });
  // The states, transitions and change rows are written in one transaction: a crash keeps all of them or none.
  await writeStates(tx, kind.kind, writes, now);
  await appendChanges(tx, changes);
  return results;
}

const readers: Pick<
  EntityStore,
  'get' | 'getMany' | 'list' | 'transitions' | 'inStateSince' | 'transitionCount' | 'predicateSince'
> = {
  async get(db, kind, id) {
    const rows = await db
      .select()
      .from(entities)
      .where(and(eq(entities.kind, kind), eq(entities.id, id)));
    return rows.flatMap(toRecord)[0] ?? null;
  },

  async getMany(db, refs) {
    if (refs.length === 0) return new Map();
    const wanted = sql`select r.kind, r.id from unnest(
      ${sql.param(refs.map((ref) => ref.kind))}::text[], ${sql.param(refs.map((ref) => ref.id))}::text[]) as r(kind, id)`;
    const rows = await db
      .select()
      .from(entities)
      .where(sql`(${entities.kind}, ${entities.id}) in (${wanted})`);
    return new Map(rows.flatMap(toRecord).map((record) => [refKey(record), record]));
  },

  async list(db, kind, page) {
    const { after } = page;
    const older = after
      ? sql`(${entities.createdAt}, ${entities.id}) < (${after.createdAt.toISOString()}::timestamptz, ${after.id})`
      : undefined;
    const rows = await db
      .select()
      .from(entities)
      .where(and(eq(entities.kind, kind), isNotNull(entities.state), older))
      .orderBy(desc(entities.createdAt), desc(entities.id))
      .limit(page.limit);
    return rows.flatMap(toRecord);
  },

  transitions: transitions.listTransitions,
  inStateSince: transitions.inStateSince,
  transitionCount: (db, kind, id, field, windowMs, now) =>
    transitions.transitionCount(db, { kind, id, field }, windowMs, now),
  predicateSince: transitions.predicateSince,
};

/** Creates readers that call the accessors of computed kinds, and read the tables for all other kinds. */
function computedReaders(computed: ComputedReader, clock: Clock): Pick<EntityStore, 'computed' | 'get' | 'list'> {
  /** Converts a computed state to a record. It has no history, so it counts as written now. */
  const asRecord = (state: Pick<EntityRecord, 'kind' | 'id' | 'state'>): EntityRecord => {
    const now = clock.now();
    return { ...state, createdAt: now, updatedAt: now };
  };
  return {
    computed: (db, refs, limit) => computed.read(db, refs, limit),

    async get(db, kind, id) {
      if (computed.kindOf(kind) === undefined) return readers.get(db, kind, id);
      const { states, unavailable } = await computed.read(db, [{ kind, id }], 1);
      const [failed] = unavailable;
      if (failed) throw new FermataError('provider_failed', failed.reason);
      return states.map(asRecord)[0] ?? null;
    },

    async list(db, kind, { limit, after }) {
      if (computed.kindOf(kind) === undefined) return readers.list(db, kind, { limit, ...(after && { after }) });
      return (await computed.list(db, kind, { limit, ...(after && { after: after.id }) })).map(asRecord);
    },
  };
}

/** Creates the store of entities, their states and their histories. */
export function createEntityStore(deps: { registry: Registry; clock: Clock; ids: Ids }): EntityStore {
  const { registry, clock, ids } = deps;
  const kinds = createEntityKindStore({ registry, clock });
  const computed = createComputedReader({ registry, clock });
  return {
    ...{ kinds, clock, ids, ...readers, ...computedReaders(computed, clock) },

    async mutate(tx, { kind, id }, update, cause, { kind: resolved, ...options } = {}) {
      const [result] = await this.mutateMany(tx, resolved ?? kind, [{ id, update, ...options }], cause);
      if (result === undefined) throw new Error(`The write of ${kind}:${id} has no result`);
      return result;
    },

    async mutateMany(tx, ofKind, writes, cause) {
      if (writes.length === 0) return [];
      const name = typeof ofKind === 'string' ? ofKind : ofKind.kind;
      if (computed.kindOf(name)) {
        throw new FermataError('conflict', `The states of "${name}" are computed by its plugin and cannot be written.`);
      }
      for (const { id } of writes) assertId({ kind: name, id });
      const kind = typeof ofKind === 'string' ? await kinds.resolve(tx, ofKind) : ofKind;
      // The kind and the ids are checked before the locks are taken, so that a write to an unknown kind or with an
      // invalid id locks nothing.
      const now = clock.now();
      const wanted = writes.map(({ id }) => id);
      // Locks are taken in the order of ids and held until commit. Each write is computed from the locked state, so
      // that no concurrent write is lost. The `seq` of changes is assigned afterwards, so that the `seq` order of each
      // entity is its commit order.
      const locked = await lockEntities(tx, name, wanted, now);
      const states = [];
      for (const { id, update, ...options } of writes) {
        const prev = locked.get(id)?.state ?? null;
        // An update function runs while the locks are held, so it must be quick.
        const proposed = typeof update === 'function' ? update(prev) : mergePatch(prev, update);
        states.push({ id, ...options, prev, next: await validated(kind, { kind: name, id }, proposed) });
      }
      const results = await record(tx, kind, states, { cause, now, ids });
      return states.map(({ id, prev, next }, index) => {
        const { changed = false, ...rest } = results[index] ?? {};
        const updatedAt = changed ? now : (locked.get(id)?.updatedAt ?? now);
        return { state: changed || prev === null ? next : prev, updatedAt, changed, ...rest };
      });
    },

    async remove(tx, { kind: name, id }, cause, options = {}) {
      const kind = await kinds.resolve(tx, name);
      const now = clock.now();
      // The entity is first read without a lock, because `lockEntities` would create a row for an entity that never
      // existed.
      if (!(await readers.get(tx, name, id))) return { removed: false };
      // The state is checked again under the lock, because another transaction may have removed the entity in between.
      const prev = (await lockEntities(tx, name, [id], now)).get(id)?.state ?? null;
      if (prev === null) return { removed: false };
      const { occurredAt, context } = options;
      const write = { id, prev, next: null, ...(occurredAt && { occurredAt }), ...(context && { context }) };
      const [result] = await record(tx, kind, [write], { cause, now, ids });
      return { removed: true, ...(result?.changeId !== undefined && { changeId: result.changeId }) };
    },
  };
}
