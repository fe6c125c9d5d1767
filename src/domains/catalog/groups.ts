import { desc, eq, inArray, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Executor } from '../../db/executor';
import { systemGroups } from '../../db/tables/catalog';
import { assertStorable } from '../../domain/entities/storable';
import type { EntityChange, Occurrence } from '../../domain/entities/change';
import type { EntityKind } from '../../domain/entities/entity-kind';
import { FermataError } from '../../domain/errors';
import type { DomainWrite } from '../domain-write';

/** A new group. If `id` is absent, an id is generated. */
export const NewGroup = z.strictObject({
  id: z.string().min(1).max(200).optional(),
  name: z.string().min(1).max(200),
  description: z.string().max(10_000).nullable().optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
});
export type NewGroup = z.infer<typeof NewGroup>;

/** Fields of a group to change. Absent fields are kept. */
export const GroupPatch = NewGroup.omit({ id: true }).partial();
export type GroupPatch = z.infer<typeof GroupPatch>;

export type Group = typeof systemGroups.$inferSelect;

function derive({ id: groupId, prev, next, changedFields }: EntityChange): Occurrence[] {
  const name = (next ?? prev)?.['name'];
  if (prev === null) return [{ event: 'catalog.group_created', payload: { groupId, name } }];
  if (next === null) return [{ event: 'catalog.group_deleted', payload: { groupId, name } }];
  return [{ event: 'catalog.group_updated', payload: { groupId, name, changedFields } }];
}

/** Groups of systems as entities. */
export const catalogGroupKind: EntityKind = {
  kind: 'catalog-group',
  description: 'A group of systems',
  schema: z.strictObject({
    name: z.string(),
    description: z.string().nullable(),
    metadata: z.record(z.string(), z.unknown()),
  }),
  derive,
};

const notFound = (id: string) => new FermataError('not_found', `Group "${id}" not found`);

/** Returns the group, or null. */
export async function getGroup(db: Executor, id: string): Promise<Group | null> {
  return (await db.select().from(systemGroups).where(eq(systemGroups.id, id)))[0] ?? null;
}

/** Returns groups, newest first. `before` is the creation time and the id of the last group on the previous page. */
export async function listGroups(
  db: Executor,
  { limit, before }: { limit: number; before: [createdAt: string, id: string] | undefined },
): Promise<Group[]> {
  const g = systemGroups;
  const older = before && sql`(${g.createdAt}, ${g.id}) < (${before[0]}, ${before[1]})`;
  return db.select().from(g).where(older).orderBy(desc(g.createdAt), desc(g.id)).limit(limit);
}

/** Locks the group's row until the transaction ends, and returns it. Throws `not_found` when it does not exist. */
export async function lockGroup(tx: Executor, id: string): Promise<Group> {
  const [group] = await tx.select().from(systemGroups).where(eq(systemGroups.id, id)).for('no key update');
  if (!group) throw notFound(id);
  return group;
}

async function mirror(write: DomainWrite, { id, name, description, metadata }: Group): Promise<void> {
  const ref = { kind: catalogGroupKind.kind, id };
  await write.entities.mutate(write.tx, ref, () => ({ name, description, metadata }), write.cause);
}

/**
 * Adds a group.
 * @throws {FermataError} `conflict` when the id is taken; `invalid_text` for text that cannot be stored
 */
export async function createGroup(write: DomainWrite, input: NewGroup): Promise<Group> {
  assertStorable(input);
  const { now } = write;
  const { id = write.entities.ids.next(), name, description = null, metadata = {} } = input;
  const row = { id, name, description, metadata };
  const [group] = await write.tx
    .insert(systemGroups)
    .values({ ...row, createdAt: now, updatedAt: now })
    .onConflictDoNothing()
    .returning();
  if (!group) throw new FermataError('conflict', `Group "${row.id}" already exists`);
  await mirror(write, group);
  return group;
}

/**
 * Changes a group.
 * @throws {FermataError} `not_found`; `invalid_text` for text that cannot be stored
 */
export async function updateGroup(write: DomainWrite, id: string, patch: GroupPatch): Promise<Group> {
  assertStorable(patch);
  const current = await lockGroup(write.tx, id);
  const { name = current.name, description = current.description, metadata = current.metadata } = patch;
  const group = { ...current, name, description, metadata, updatedAt: write.now };
  await write.tx.update(systemGroups).set(group).where(eq(systemGroups.id, id));
  await mirror(write, group);
  return group;
}

/** Removes a group. Its systems are kept. Throws `not_found` when the group does not exist. */
export async function deleteGroup(write: DomainWrite, id: string): Promise<void> {
  const gone = await write.tx.delete(systemGroups).where(eq(systemGroups.id, id)).returning();
  if (gone.length === 0) throw notFound(id);
  await write.tx.execute(
    sql`update systems set group_ids = array_remove(group_ids, ${id}) where group_ids @> array[${id}]`,
  );
  await write.entities.remove(write.tx, { kind: catalogGroupKind.kind, id }, write.cause);
}

/** Throws `validation_failed` when one of the groups does not exist. */
export async function assertGroups(db: Executor, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const known = await db
    .select({ id: systemGroups.id })
    .from(systemGroups)
    .where(inArray(systemGroups.id, [...ids]));
  const missing = ids.find((id) => !known.some((group) => group.id === id));
  if (missing === undefined) return;
  const message = `Group "${missing}" not found`;
  throw new FermataError('validation_failed', message, {
    errors: [{ path: 'groupIds', message, code: 'unknown_group' }],
  });
}
