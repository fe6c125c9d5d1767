import { and, desc, eq, inArray, lt, or, sql } from 'drizzle-orm';
import { z } from 'zod';
import { appendChanges } from '../../db/change-log';
import type { Executor } from '../../db/executor';
import { dependencies } from '../../db/tables/catalog';
import type { EntityChange, Occurrence } from '../../domain/entities/change';
import { derivedFrom } from '../../domain/entities/derived-from';
import type { EntityKind } from '../../domain/entities/entity-kind';
import { assertStorable } from '../../domain/entities/storable';
import { FermataError } from '../../domain/errors';
import { lockSystems } from '../catalog/systems';
import type { DomainWrite } from '../domain-write';
import type { HealthStatus } from '../healthcheck/health-status';
import { impactOf } from './impact';
import { lockEdges } from './lock-edges';

export const ImpactType = z.enum(['informational', 'degraded', 'critical']);
const SystemId = z.string().min(1).max(200);

/** A new dependency: the source depends on the target. */
export const NewDependency = z.strictObject({
  sourceSystemId: SystemId,
  targetSystemId: SystemId,
  impactType: ImpactType,
  transitive: z.boolean().default(false),
  label: z.string().max(500).optional(),
});
export type NewDependency = z.infer<typeof NewDependency>;

/** Fields of a dependency to change. Absent fields are kept. */
export const DependencyPatch = NewDependency.extend({
  transitive: z.boolean(),
  label: z.string().max(500).nullable(),
}).partial();
export type DependencyPatch = z.infer<typeof DependencyPatch>;

export type Dependency = typeof dependencies.$inferSelect;

const d = dependencies;
const EdgeState = z.strictObject({
  sourceSystemId: z.string(),
  targetSystemId: z.string(),
  impactType: ImpactType,
  transitive: z.boolean(),
});

function derive({ id, prev, next }: EntityChange): Occurrence[] {
  const { sourceSystemId, targetSystemId, impactType } = EdgeState.parse(next ?? prev);
  const event = prev === null ? 'created' : next === null ? 'deleted' : 'updated';
  return [{ event: `dependency.${event}`, payload: { dependencyId: id, sourceSystemId, targetSystemId, impactType } }];
}

/** Dependencies as entities. Changing only the label appends no change row. */
export const dependencyKind: EntityKind = {
  kind: 'dependency-edge',
  description: 'A dependency of one system on another',
  schema: EdgeState,
  derive,
};

/** Returns the dependency, or null. */
export async function getDependency(db: Executor, id: string): Promise<Dependency | null> {
  if (!z.guid().safeParse(id).success) return null;
  return (await db.select().from(d).where(eq(d.id, id)))[0] ?? null;
}

/**
 * Returns dependencies, newest first. If a system is given, returns only those of which it is the source or the target.
 */
export async function listDependencies(
  db: Executor,
  page: { limit: number; before: string | undefined; systemId: string | undefined },
): Promise<Dependency[]> {
  const { before, systemId } = page;
  const ends = systemId === undefined ? undefined : or(eq(d.sourceSystemId, systemId), eq(d.targetSystemId, systemId));
  return db
    .select()
    .from(d)
    .where(and(before === undefined ? undefined : lt(d.id, before), ends))
    .orderBy(desc(d.id))
    .limit(page.limit);
}

async function mirror(write: DomainWrite, row: Dependency): Promise<void> {
  const { id, sourceSystemId, targetSystemId, impactType, transitive } = row;
  const state = { sourceSystemId, targetSystemId, impactType, transitive };
  await write.entities.mutate(write.tx, { kind: dependencyKind.kind, id }, () => state, write.cause);
}

/**
 * Returns a dependency, and locks all dependencies until the transaction ends.
 * @throws {FermataError} `not_found`
 */
export async function lockDependency(tx: Executor, id: string): Promise<Dependency> {
  await lockEdges(tx);
  const row = await getDependency(tx, id);
  if (!row) throw new FermataError('not_found', `Dependency "${id}" not found`);
  return row;
}

/**
 * Refuses an edge that cannot be stored.
 * @throws {FermataError} `conflict` for an edge from a system to itself, an edge that already exists, and an edge that
 * closes a cycle; `not_found` for a system that does not exist
 */
async function assertEdge(write: DomainWrite, row: Dependency): Promise<void> {
  const { id, sourceSystemId: source, targetSystemId: target } = row;
  if (source === target) throw new FermataError('conflict', `"${source}" cannot depend on itself`);
  const known = await lockSystems(write.tx, [source, target]);
  for (const systemId of [source, target]) {
    if (!known.has(systemId)) throw new FermataError('not_found', `System "${systemId}" not found`);
  }
  const found = await write.tx.execute<{ duplicate: boolean; circle: boolean }>(sql`
    with recursive needs(system_id) as (
      select target_system_id from dependencies where source_system_id = ${target} and id <> ${id}
      union select e.target_system_id from dependencies e join needs on e.source_system_id = needs.system_id and e.id <> ${id})
    select exists (select 1 from dependencies where source_system_id = ${source} and target_system_id = ${target} and id <> ${id})
        as duplicate,
      exists (select 1 from needs where system_id = ${source}) as circle`);
  if (found.rows[0]?.duplicate) throw new FermataError('conflict', `"${source}" already depends on "${target}"`);
  if (found.rows[0]?.circle) {
    throw new FermataError(
      'conflict',
      `"${target}" depends on "${source}", directly or indirectly: the dependency would create a cycle`,
    );
  }
}

/**
 * Adds a dependency.
 * @throws {FermataError} `not_found` or `conflict` (see `assertEdge`); `invalid_text` for text that cannot be stored
 */
export async function createDependency(write: DomainWrite, input: NewDependency): Promise<Dependency> {
  assertStorable(input);
  await lockEdges(write.tx);
  const { now } = write;
  const row: Dependency = {
    ...input,
    id: write.entities.ids.next(),
    label: input.label ?? null,
    createdAt: now,
    updatedAt: now,
  };
  await assertEdge(write, row);
  await write.tx.insert(d).values(row);
  await mirror(write, row);
  return row;
}

/**
 * Changes a dependency.
 * @throws {FermataError} `not_found` for the dependency or a system; `conflict` (see `assertEdge`); `invalid_text` for
 * text that cannot be stored
 */
export async function updateDependency(write: DomainWrite, id: string, patch: DependencyPatch): Promise<Dependency> {
  assertStorable(patch);
  const current = await lockDependency(write.tx, id);
  const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
  const row = { ...current, ...given, updatedAt: write.now };
  await assertEdge(write, row);
  await write.tx.update(d).set(row).where(eq(d.id, id));
  await mirror(write, row);
  return row;
}

/** Removes a dependency and returns it. Throws `not_found` when it does not exist. */
export async function deleteDependency(write: DomainWrite, id: string): Promise<Dependency> {
  const current = await lockDependency(write.tx, id);
  await write.tx.delete(d).where(eq(d.id, current.id));
  await write.entities.remove(write.tx, { kind: dependencyKind.kind, id: current.id }, write.cause);
  return current;
}

/** Removes all dependencies of a system that is being removed, each with a change row. */
export async function deleteDependenciesOf(write: DomainWrite, systemId: string): Promise<void> {
  await lockEdges(write.tx);
  const rows = await write.tx
    .select({ id: d.id })
    .from(d)
    .where(or(eq(d.sourceSystemId, systemId), eq(d.targetSystemId, systemId)))
    .orderBy(d.id);
  for (const { id } of rows) await deleteDependency(write, id);
}

/** Returns the given systems that other systems depend on. */
export async function systemsWithDependants(tx: Executor, systemIds: readonly string[]): Promise<Set<string>> {
  const rows = await tx
    .selectDistinct({ id: d.targetSystemId })
    .from(d)
    .where(inArray(d.targetSystemId, [...systemIds]));
  return new Set(rows.map(({ id }) => id));
}

/** A change of a system's health status. */
export interface StatusChange {
  systemId: string;
  /** Id of the system's health change. */
  changeId: string;
  status: { previous: HealthStatus; next: HealthStatus };
  occurredAt: Date;
}

/**
 * Appends an event that lists the systems affected by a status change. Appends none when no system depends on the
 * changed system.
 */
export async function propagateImpact(
  write: DomainWrite,
  { systemId, changeId, status, occurredAt }: StatusChange,
): Promise<void> {
  if (status.previous === status.next) return;
  const edges = await write.tx
    .select({
      sourceSystemId: d.sourceSystemId,
      targetSystemId: d.targetSystemId,
      impactType: d.impactType,
      transitive: d.transitive,
    })
    .from(d)
    .where(sql`exists (select 1 from dependencies where target_system_id = ${systemId})`);
  const affectedSystems = impactOf(edges, systemId, status.previous, status.next);
  if (affectedSystems.length === 0) return;
  await appendChanges(write.tx, [
    {
      ...{ kind: 'dependency', id: systemId, occurredAt, cause: write.cause, contextKey: systemId },
      ...{ event: 'dependency.impact_propagated', context: derivedFrom([changeId]) },
      payload: { sourceSystemId: systemId, affectedSystems, timestamp: occurredAt.toISOString() },
    },
  ]);
}
