import { and, asc, eq, sql } from 'drizzle-orm';
import { z } from 'zod';
import { appendChanges } from '../../db/change-log';
import type { Executor } from '../../db/executor';
import { healthChecks } from '../../db/tables/health';
import { assertStorable } from '../../domain/entities/storable';
import { FermataError } from '../../domain/errors';
import { lockSystems, type System } from '../catalog/systems';
import type { DomainWrite } from '../domain-write';
import { CheckResult } from './check-result';
import { refreshHealth } from './refresh-health';

/**
 * The assignment of a check to a system. Results of a disabled assignment are stored, but do not count for the system's
 * health.
 */
export const NewAssignment = z.strictObject({
  systemId: CheckResult.shape.systemId,
  configurationId: CheckResult.shape.configurationId,
  enabled: z.boolean().default(true),
});
export type NewAssignment = z.infer<typeof NewAssignment>;

export type Assignment = Pick<
  typeof healthChecks.$inferSelect,
  'systemId' | 'configurationId' | 'enabled' | 'status' | 'lastResultAt'
>;
type AssignmentRef = Pick<Assignment, 'systemId' | 'configurationId'>;

const c = healthChecks;
const columns = {
  ...{ systemId: c.systemId, configurationId: c.configurationId, enabled: c.enabled },
  ...{ status: c.status, lastResultAt: c.lastResultAt },
};
const isThis = ({ systemId, configurationId }: AssignmentRef) =>
  and(eq(c.systemId, systemId), eq(c.configurationId, configurationId), eq(c.source, 'check'));

function notFound({ systemId, configurationId }: AssignmentRef): FermataError {
  return new FermataError('not_found', `Check "${configurationId}" of system "${systemId}" not found`);
}

/** Returns the assignment, or null. Firing alerts are not assignments. */
export async function getAssignment(db: Executor, ref: AssignmentRef): Promise<Assignment | null> {
  const rows = await db.select(columns).from(c).where(isThis(ref));
  return rows[0] ?? null;
}

/** Returns assignments, ordered by system and check. `after` is the last assignment on the previous page. */
export async function listAssignments(
  db: Executor,
  page: { limit: number; after?: AssignmentRef; systemId?: string },
): Promise<Assignment[]> {
  const { after, systemId } = page;
  return db
    .select(columns)
    .from(c)
    .where(
      and(
        eq(c.source, 'check'),
        systemId === undefined ? undefined : eq(c.systemId, systemId),
        after && sql`(${c.systemId}, ${c.configurationId}) > (${after.systemId}, ${after.configurationId})`,
      ),
    )
    .orderBy(asc(c.systemId), asc(c.configurationId))
    .limit(page.limit);
}

async function lockedSystem(write: DomainWrite, systemId: string): Promise<System> {
  const system = (await lockSystems(write.tx, [systemId])).get(systemId);
  if (!system) throw new FermataError('not_found', `System "${systemId}" not found`);
  return system;
}

const refresh = (write: DomainWrite, system: System) =>
  refreshHealth(write, [system], new Map([[system.id, { at: write.now }]]));

/**
 * Assigns a check to a system, or sets whether an assigned check counts. Updates the system's health.
 * @throws {FermataError} `not_found` for an unknown system; `conflict` when the id of the check is that of a firing
 * alert of the system; `invalid_text` for text that cannot be stored
 */
export async function putAssignment(write: DomainWrite, input: NewAssignment): Promise<Assignment> {
  assertStorable(input);
  const system = await lockedSystem(write, input.systemId);
  const rows = await write.tx
    .insert(c)
    .values(input)
    .onConflictDoUpdate({
      target: [c.systemId, c.configurationId],
      set: { enabled: input.enabled },
      setWhere: eq(c.source, 'check'),
    })
    .returning(columns);
  const assignment = rows[0];
  if (!assignment)
    throw new FermataError('conflict', `"${input.configurationId}" is already the id of a firing alert of this system`);
  await refresh(write, system);
  return assignment;
}

/**
 * Sets whether a check counts, and updates the system's health.
 * @throws {FermataError} `not_found` when the system does not exist or does not have this check
 */
export async function setAssignmentEnabled(
  write: DomainWrite,
  ref: AssignmentRef,
  enabled: boolean,
): Promise<Assignment> {
  const system = await lockedSystem(write, ref.systemId);
  const rows = await write.tx.update(c).set({ enabled }).where(isThis(ref)).returning(columns);
  const assignment = rows[0];
  if (!assignment) throw notFound(ref);
  await refresh(write, system);
  return assignment;
}

/**
 * Removes a check from its system, and updates the system's health.
 * @throws {FermataError} `not_found` when the system does not exist or does not have this check
 */
export async function removeAssignment(write: DomainWrite, ref: AssignmentRef): Promise<void> {
  const system = await lockedSystem(write, ref.systemId);
  const rows = await write.tx.delete(c).where(isThis(ref)).returning(columns);
  if (rows.length === 0) throw notFound(ref);
  await refresh(write, system);
}

/**
 * Requests a run of a check: appends an event for the external process that runs it.
 * @throws {FermataError} `not_found` for an unknown check
 */
export async function requestRun(write: DomainWrite, ref: AssignmentRef): Promise<Assignment> {
  const assignment = await getAssignment(write.tx, ref);
  if (!assignment) throw notFound(ref);
  const { systemId, configurationId } = ref;
  const base = { kind: 'health', id: systemId, occurredAt: write.now, cause: write.cause, contextKey: systemId };
  await appendChanges(write.tx, [
    { ...base, event: 'healthcheck.run_requested', payload: { systemId, configurationId } },
  ]);
  return assignment;
}
