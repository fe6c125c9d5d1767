import { and, asc, desc, eq, ilike, inArray, or, sql, type SQL } from 'drizzle-orm';
import { z } from 'zod';
import type { Executor } from '../../db/executor';
import { systems } from '../../db/tables/catalog';
import { assertStorable } from '../../domain/entities/storable';
import { FermataError } from '../../domain/errors';
import type { DomainWrite } from '../domain-write';
import type { SystemRemovedHook } from '../../integrations/contract';
import { lockEdges } from '../dependency/lock-edges';
import { catalogSystemKind } from './catalog-system';
import { assertGroups } from './groups';

/** A new system. If `id` is absent, an id is generated. */
export const NewSystem = z.strictObject({
  id: z.string().min(1).max(200).optional(),
  name: z.string().min(1).max(200),
  description: z.string().max(10_000).nullable().optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  groupIds: z.array(z.string().min(1).max(200)).max(100).optional(),
});
export type NewSystem = z.infer<typeof NewSystem>;

/** Fields of a system to change. Absent fields are kept, and `metadata` is replaced as a whole. */
export const SystemPatch = NewSystem.omit({ id: true }).partial();
export type SystemPatch = z.infer<typeof SystemPatch>;

/** A system as stored in the catalogue. */
export type System = typeof systems.$inferSelect;

function notFound(id: string): FermataError {
  return new FermataError('not_found', `System "${id}" not found`);
}

/** Returns the system, or null. */
export async function getSystem(db: Executor, id: string): Promise<System | null> {
  const rows = await db.select().from(systems).where(eq(systems.id, id));
  return rows[0] ?? null;
}

/**
 * Returns systems, newest first. `q` searches ids and names; `ids` selects only these systems. `before` is the creation
 * time and the id of the last system on the previous page.
 */
export async function listSystems(
  db: Executor,
  page: {
    limit: number;
    before: [createdAt: string, id: string] | undefined;
    q: string | undefined;
    health?: readonly string[] | undefined;
    ids?: readonly string[] | undefined;
  },
): Promise<System[]> {
  const { before, q, health, ids } = page;
  const like = q === undefined ? undefined : `%${q.replaceAll(/[\\%_]/g, '\\$&')}%`;
  const older = before && sql`(${systems.createdAt}, ${systems.id}) < (${before[0]}, ${before[1]})`;
  return db
    .select()
    .from(systems)
    .where(
      and(
        older,
        like === undefined ? undefined : or(ilike(systems.id, like), ilike(systems.name, like)),
        health && hasHealth(health),
        ids && inArray(systems.id, [...ids]),
      ),
    )
    .orderBy(desc(systems.createdAt), desc(systems.id))
    .limit(page.limit);
}

/** Returns the condition that a system has one of these statuses. A system without results is healthy. */
const hasHealth = (statuses: readonly string[]): SQL =>
  sql`coalesce((select e.state ->> 'status' from entities e where e.kind = 'health' and e.id = ${systems.id}), 'healthy')
    = any(${sql.param([...statuses])}::text[])`;

/**
 * Locks systems until the transaction ends, in the order of their ids. Returns those that exist, by id. Every writer of
 * the health or the catalogue entry of a system takes this lock first, so that the changes of a system have one order
 * and writers cannot deadlock.
 */
export async function lockSystems(tx: Executor, ids: readonly string[]): Promise<Map<string, System>> {
  if (ids.length === 0) return new Map();
  const rows = await tx
    .select()
    .from(systems)
    .where(inArray(systems.id, [...new Set(ids)]))
    .orderBy(asc(systems.id))
    .for('no key update');
  return new Map(rows.map((row) => [row.id, row]));
}

/**
 * Locks one system, as `lockSystems` does.
 * @throws {FermataError} `not_found`
 */
export async function lockSystem(tx: Executor, id: string): Promise<System> {
  const system = (await lockSystems(tx, [id])).get(id);
  if (!system) throw notFound(id);
  return system;
}

async function mirror(write: DomainWrite, system: System): Promise<void> {
  const { name, description, metadata } = system;
  const ref = { kind: catalogSystemKind.kind, id: system.id };
  await write.entities.mutate(write.tx, ref, () => ({ name, description, metadata }), write.cause);
}

/**
 * Adds a system with the health `healthy` (0 of 0 checks).
 * @throws {FermataError} `conflict` when the id is taken; `validation_failed` for an unknown group; `invalid_text` for
 * text that cannot be stored
 */
export async function createSystem(write: DomainWrite, input: NewSystem): Promise<System> {
  const system = await insertSystem(write, input);
  if (!system) throw new FermataError('conflict', `System "${input.id ?? ''}" already exists`);
  const healthy = { status: 'healthy', healthyChecks: 0, totalChecks: 0 };
  const context = { systemName: system.name };
  await write.entities.mutate(write.tx, { kind: 'health', id: system.id }, (prev) => prev ?? healthy, write.cause, {
    context,
  });
  return system;
}

/**
 * Adds a system. Returns null when its id is taken. The caller writes the system's health together with its first
 * result, so that one report causes at most one health change.
 * @throws {FermataError} `validation_failed` for an unknown group; `invalid_text` for text that cannot be stored
 */
export async function insertSystem(write: DomainWrite, input: NewSystem): Promise<System | null> {
  assertStorable(input);
  await assertGroups(write.tx, input.groupIds ?? []);
  const rows = await write.tx
    .insert(systems)
    .values({
      id: input.id ?? write.entities.ids.next(),
      name: input.name,
      description: input.description ?? null,
      metadata: input.metadata ?? {},
      groupIds: [...new Set(input.groupIds ?? [])],
      createdAt: write.now,
      updatedAt: write.now,
    })
    .onConflictDoNothing({ target: systems.id })
    .returning();
  const system = rows[0];
  if (!system) return null;
  await mirror(write, system);
  return system;
}

/**
 * Changes a system.
 * @throws {FermataError} `not_found`; `validation_failed` for an unknown group; `invalid_text` for text that cannot be
 * stored
 */
export async function updateSystem(write: DomainWrite, id: string, patch: SystemPatch): Promise<System> {
  assertStorable(patch);
  const current = await lockSystem(write.tx, id);
  const { name = current.name, description = current.description, metadata = current.metadata } = patch;
  const groupIds = [...new Set(patch.groupIds ?? current.groupIds)];
  await assertGroups(write.tx, patch.groupIds ?? []);
  const rows = await write.tx
    .update(systems)
    .set({ name, description, metadata, groupIds, updatedAt: write.now })
    .where(eq(systems.id, id))
    .returning();
  const system = rows[0];
  if (!system) throw notFound(id);
  await mirror(write, system);
  return system;
}

/**
 * Removes a system from the catalogue. First, plugin hooks remove the plugins' data about the system, such as its
 * dependencies and objectives. Appends a change row for the removal of the system and one for the removal of its
 * health, but none for its checks and results. Incidents are kept.
 * @throws {FermataError} `not_found`
 */
export async function deleteSystem(write: DomainWrite, id: string, hooks: readonly SystemRemovedHook[]): Promise<void> {
  await lockEdges(write.tx);
  const { name } = await lockSystem(write.tx, id);
  for (const hook of hooks) await hook(write, id);
  await write.entities.remove(write.tx, { kind: catalogSystemKind.kind, id }, write.cause);
  await write.entities.remove(write.tx, { kind: 'health', id }, write.cause, { context: { systemName: name } });
  await write.tx.execute(sql`delete from health_results where system_id = ${id}`);
  await write.tx.delete(systems).where(eq(systems.id, id));
}
