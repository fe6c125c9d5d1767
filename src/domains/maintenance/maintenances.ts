import { and, asc, desc, eq, inArray, sql, type SQL } from 'drizzle-orm';
import { z } from 'zod';
import { Instant } from '../../domain/instant';
import type { Executor } from '../../db/executor';
import { maintenances, maintenanceUpdates } from '../../db/tables/incidents';
import { assertStorable } from '../../domain/entities/storable';
import { FermataError } from '../../domain/errors';
import type { DomainWrite } from '../domain-write';
import { maintenanceKind, MaintenanceStatus } from './maintenance-entity';

/** Maximum duration of a maintenance that `maintenance.set_system` starts, in minutes (30 days). */
export const MAX_MINUTES = 43_200;

const Message = z.string().min(1).max(10_000);

/** A new maintenance. */
export const NewMaintenance = z.strictObject({
  title: z.string().min(1).max(500),
  description: z.string().max(10_000).nullable().optional(),
  systemIds: z.array(z.string().min(1).max(200)).min(1).max(200),
  startAt: Instant,
  endAt: Instant,
  suppressNotifications: z.boolean().optional(),
});
export type NewMaintenance = z.infer<typeof NewMaintenance>;

/**
 * Fields of a maintenance to change. Absent fields are kept. The status can only be set to `completed` or `cancelled`;
 * the clock sets the other statuses.
 */
export const MaintenancePatch = NewMaintenance.extend({
  status: MaintenanceStatus.extract(['completed', 'cancelled']),
}).partial();
export type MaintenancePatch = z.infer<typeof MaintenancePatch>;

/** A message about a maintenance. */
export const NewMaintenanceUpdate = z.strictObject({ message: Message });

export type Maintenance = typeof maintenances.$inferSelect;
export type MaintenanceUpdate = typeof maintenanceUpdates.$inferSelect;

const m = maintenances;
const isOpen = ({ status }: Maintenance) => status === 'scheduled' || status === 'in_progress';

/** Returns the maintenance, or null. */
export async function getMaintenance(db: Executor, id: string): Promise<Maintenance | null> {
  if (!z.guid().safeParse(id).success) return null;
  return (await db.select().from(m).where(eq(m.id, id)))[0] ?? null;
}

/** Returns maintenances, newest first. `before` is the id of the last maintenance on the previous page. */
export async function listMaintenances(
  db: Executor,
  page: {
    limit: number;
    before?: string | undefined;
    status?: readonly MaintenanceStatus[] | undefined;
    systemId?: string | undefined;
  },
): Promise<Maintenance[]> {
  const { before, status, systemId } = page;
  return db
    .select()
    .from(m)
    .where(
      and(
        before === undefined ? undefined : sql`${m.id} < ${before}::uuid`,
        status === undefined ? undefined : inArray(m.status, [...status]),
        systemId === undefined ? undefined : sql`${m.systemIds} @> array[${systemId}]`,
      ),
    )
    .orderBy(desc(m.id))
    .limit(page.limit);
}

async function mirror(write: DomainWrite, row: Maintenance, occurredAt: Date): Promise<void> {
  const { id, status, systemIds, startAt, endAt, title } = row;
  const state = { status, systemIds, startAt: startAt.toISOString(), endAt: endAt.toISOString() };
  const ref = { kind: maintenanceKind.kind, id };
  await write.entities.mutate(write.tx, ref, () => state, write.cause, { occurredAt, context: { title } });
}

/**
 * Locks the maintenance's row until the transaction ends, and returns it. Throws `not_found` when it does not exist.
 */
export async function lockMaintenance(tx: Executor, id: string): Promise<Maintenance> {
  const rows = z.guid().safeParse(id).success ? await tx.select().from(m).where(eq(m.id, id)).for('no key update') : [];
  if (!rows[0]) throw new FermataError('not_found', `Maintenance "${id}" not found`);
  return rows[0];
}

function assertOrder({ startAt, endAt }: Pick<Maintenance, 'startAt' | 'endAt'>): void {
  if (endAt > startAt) return;
  const message = 'endAt must be later than startAt';
  const errors = [{ path: 'endAt', message, code: 'custom' }];
  throw new FermataError('validation_failed', message, { errors });
}

async function store(write: DomainWrite, row: Maintenance, occurredAt = write.now): Promise<Maintenance> {
  await write.tx.update(m).set(row).where(eq(m.id, row.id));
  await mirror(write, row, occurredAt);
  return row;
}

const later = (a: Date, b: Date) => (a > b ? a : b);

/**
 * Brings the status of a locked row up to date with the current time. Each intermediate status is a separate change at
 * its planned time, but not before `since`, which is when the row was last changed.
 */
async function followClock(write: DomainWrite, row: Maintenance, since = new Date(0)): Promise<Maintenance> {
  let current = row;
  if (current.status === 'scheduled' && current.startAt <= write.now) {
    current = await store(
      write,
      { ...current, status: 'in_progress', updatedAt: write.now },
      later(current.startAt, since),
    );
  }
  if (current.status === 'in_progress' && current.endAt <= write.now) {
    current = await store(
      write,
      { ...current, status: 'completed', updatedAt: write.now },
      later(current.endAt, since),
    );
  }
  return current;
}

/**
 * Plans a maintenance. If its start has passed, it is in progress at once; if its end has passed as well, it is
 * completed.
 * @throws {FermataError} `validation_failed` for an end that is not after the start; `invalid_text` for text that
 * cannot be stored
 */
export async function createMaintenance(write: DomainWrite, input: NewMaintenance): Promise<Maintenance> {
  assertStorable(input);
  const { now } = write;
  const row: Maintenance = {
    ...{ id: write.entities.ids.next(), title: input.title, description: input.description ?? null },
    ...{ systemIds: [...new Set(input.systemIds)], status: 'scheduled' },
    ...{ startAt: new Date(input.startAt), endAt: new Date(input.endAt) },
    suppressNotifications: input.suppressNotifications ?? false,
    ...{ createdBy: write.cause.actor, createdAt: now, updatedAt: now },
  };
  assertOrder(row);
  await write.tx.insert(m).values(row);
  await mirror(write, row, now);
  return followClock(write, row, now);
}

/**
 * Changes a maintenance.
 * @throws {FermataError} `not_found`; `validation_failed` for an end that is not after the start; `conflict` for new
 * times or a new status of a maintenance that has ended; `invalid_text` for text that cannot be stored
 */
export async function updateMaintenance(write: DomainWrite, id: string, patch: MaintenancePatch): Promise<Maintenance> {
  assertStorable(patch);
  const current = await lockMaintenance(write.tx, id);
  const { startAt, endAt, status, title = current.title, description = current.description } = patch;
  const { systemIds = current.systemIds, suppressNotifications = current.suppressNotifications } = patch;
  if (!isOpen(current) && (startAt ?? endAt ?? (status === current.status ? undefined : status)) !== undefined) {
    throw new FermataError('conflict', `The maintenance is ${current.status}; its times and status cannot change`);
  }
  const next: Maintenance = {
    ...{ ...current, title, description, suppressNotifications, systemIds: [...new Set(systemIds)] },
    startAt: startAt === undefined ? current.startAt : new Date(startAt),
    endAt: endAt === undefined ? current.endAt : new Date(endAt),
    ...{ status: status ?? current.status, updatedAt: write.now },
  };
  assertOrder(next);
  return followClock(write, await store(write, next), write.now);
}

/**
 * Adds an update to a maintenance without changing the maintenance.
 * @throws {FermataError} `not_found`; `invalid_text` for text that cannot be stored
 */
export async function addMaintenanceUpdate(
  write: DomainWrite,
  id: string,
  message: string,
): Promise<{ maintenance: Maintenance; update: MaintenanceUpdate }> {
  assertStorable(message, 'message');
  const maintenance = await lockMaintenance(write.tx, id);
  const { entities, cause, now } = write;
  const update = { id: entities.ids.next(), maintenanceId: maintenance.id, message, actor: cause.actor, at: now };
  await write.tx.insert(maintenanceUpdates).values(update);
  return { maintenance, update };
}

/** Returns updates of a maintenance, newest first. `before` is the id of the last update on the previous page. */
export async function listMaintenanceUpdates(
  db: Executor,
  maintenanceId: string,
  page: { limit: number; before: string | undefined },
): Promise<MaintenanceUpdate[]> {
  const u = maintenanceUpdates;
  const older = page.before === undefined ? undefined : sql`${u.id} < ${page.before}::uuid`;
  return db
    .select()
    .from(u)
    .where(and(eq(u.maintenanceId, maintenanceId), older))
    .orderBy(desc(u.id))
    .limit(page.limit);
}

/**
 * Removes a maintenance with its updates, and appends a change row for the removal.
 * @throws {FermataError} `not_found`
 */
export async function deleteMaintenance(write: DomainWrite, id: string): Promise<void> {
  const { title } = await lockMaintenance(write.tx, id);
  await write.entities.remove(write.tx, { kind: maintenanceKind.kind, id }, write.cause, { context: { title } });
  await write.tx.delete(m).where(eq(m.id, id));
}

/**
 * Ends the maintenances of a system that have started, in the order of their ids. Returns the ids of those that had not
 * reached their planned end. Adds `message`, if given, to each of the maintenances as an update.
 */
export async function endMaintenancesOf(write: DomainWrite, systemId: string, message?: string): Promise<string[]> {
  const rows = await write.tx
    .select()
    .from(m)
    .where(
      and(
        inArray(m.status, ['scheduled', 'in_progress']),
        sql`${m.systemIds} @> array[${systemId}]`,
        sql`${m.startAt} <= ${write.now.toISOString()}`,
      ),
    )
    .orderBy(asc(m.id))
    .for('no key update');
  const ended: string[] = [];
  for (const row of rows) {
    if (message !== undefined) await addMaintenanceUpdate(write, row.id, message);
    const current = await followClock(write, row);
    if (current.status !== 'in_progress') continue;
    await store(write, { ...current, status: 'completed', updatedAt: write.now });
    ended.push(row.id);
  }
  return ended;
}

const isDue = (now: Date): SQL => sql`${m.status} in ('scheduled', 'in_progress')
  and case ${m.status} when 'scheduled' then ${m.startAt} else ${m.endAt} end <= ${now.toISOString()}`;

/** Returns an SQL condition that is true when maintenances are due to start or end. */
export const maintenancesDue = (now: Date): SQL => sql`exists (select 1 from ${m} where ${isDue(now)})`;

/**
 * Starts and ends maintenances that are due by the database's clock. Returns how many rows changed. Skips rows that
 * other transactions have locked; a later call changes these.
 */
export async function startAndEndDue(write: DomainWrite, limit: number): Promise<number> {
  const due = await write.tx
    .select()
    .from(m)
    .where(isDue(write.now))
    .orderBy(asc(m.id))
    .limit(limit)
    .for('no key update', { skipLocked: true });
  for (const row of due) await followClock(write, row);
  return due.length;
}
