import { and, asc, desc, eq, inArray, ne, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Executor } from '../../db/executor';
import { incidents, incidentUpdates } from '../../db/tables/incidents';
import { assertStorable } from '../../domain/entities/storable';
import { FermataError } from '../../domain/errors';
import type { DomainWrite } from '../domain-write';
import { INCIDENT_SEVERITIES, IncidentSeverity, IncidentStatus, incidentKind } from './incident-entity';

const Title = z.string().min(1).max(500);
const Message = z.string().min(1).max(10_000);
const SystemIds = z.array(z.string().min(1).max(200)).min(1).max(1000);

/** A new incident. `message` becomes its first update. */
export const NewIncident = z.strictObject({
  title: Title,
  description: z.string().max(10_000).nullable().optional(),
  severity: IncidentSeverity,
  systemIds: SystemIds,
  status: IncidentStatus.optional(),
  message: Message.optional(),
  suppressNotifications: z.boolean().optional(),
});
export type NewIncident = z.infer<typeof NewIncident>;

/** Fields of an incident to change. Absent fields are kept. */
export const IncidentPatch = NewIncident.omit({ message: true }).partial();
export type IncidentPatch = z.infer<typeof IncidentPatch>;

/** A message about an incident, with the status that it sets, if any. */
export const NewIncidentUpdate = z.strictObject({ message: Message, statusChange: IncidentStatus.optional() });
export type NewIncidentUpdate = z.infer<typeof NewIncidentUpdate>;

export type Incident = typeof incidents.$inferSelect;
export type IncidentUpdate = typeof incidentUpdates.$inferSelect;

/** Returns the incident, or null. */
export async function getIncident(db: Executor, id: string): Promise<Incident | null> {
  if (!z.guid().safeParse(id).success) return null;
  const rows = await db.select().from(incidents).where(eq(incidents.id, id));
  return rows[0] ?? null;
}

/** Returns incidents, newest first. `before` is the id of the last incident on the previous page. */
export async function listIncidents(
  db: Executor,
  page: {
    limit: number;
    before?: string | undefined;
    status?: readonly IncidentStatus[] | undefined;
    systemId?: string | undefined;
  },
): Promise<Incident[]> {
  const { before, status, systemId } = page;
  return db
    .select()
    .from(incidents)
    .where(
      and(
        before === undefined ? undefined : sql`${incidents.id} < ${before}::uuid`,
        status === undefined ? undefined : inArray(incidents.status, [...status]),
        systemId === undefined ? undefined : sql`${incidents.systemIds} @> array[${systemId}]`,
      ),
    )
    .orderBy(desc(incidents.id))
    .limit(page.limit);
}

/** Returns updates of an incident, newest first. `before` is the id of the last update on the previous page. */
export async function listIncidentUpdates(
  db: Executor,
  incidentId: string,
  page: { limit: number; before?: string },
): Promise<IncidentUpdate[]> {
  const u = incidentUpdates;
  const older = page.before === undefined ? undefined : sql`${u.id} < ${page.before}::uuid`;
  return db
    .select()
    .from(u)
    .where(and(eq(u.incidentId, incidentId), older))
    .orderBy(desc(u.id))
    .limit(page.limit);
}

async function mirror(write: DomainWrite, incident: Incident): Promise<void> {
  const { status, severity, systemIds, title, description, createdAt, resolvedAt } = incident;
  const context = {
    ...(description !== null && { description }),
    createdAt: createdAt.toISOString(),
    ...(resolvedAt && { resolvedAt: resolvedAt.toISOString() }),
  };
  const ref = { kind: incidentKind.kind, id: incident.id };
  const state = { status, severity, systemIds, title };
  await write.entities.mutate(write.tx, ref, () => state, write.cause, { context });
}

async function comment(write: DomainWrite, incidentId: string, update: NewIncidentUpdate): Promise<IncidentUpdate> {
  const row = {
    ...{ id: write.entities.ids.next(), incidentId, message: update.message },
    ...{ statusChange: update.statusChange ?? null, actor: write.cause.actor, at: write.now },
  };
  await write.tx.insert(incidentUpdates).values(row);
  return row;
}

/** Locks the incident's row until the transaction ends, and returns it. Throws `not_found` when it does not exist. */
export async function lockIncident(tx: Executor, id: string): Promise<Incident> {
  const rows = z.guid().safeParse(id).success
    ? await tx.select().from(incidents).where(eq(incidents.id, id)).for('no key update')
    : [];
  if (!rows[0]) throw new FermataError('not_found', `Incident "${id}" not found`);
  return rows[0];
}

async function change(write: DomainWrite, current: Incident, patch: IncidentPatch): Promise<Incident> {
  const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
  const next: Incident = { ...current, ...given, updatedAt: write.now };
  next.systemIds = [...new Set(next.systemIds)];
  if (next.status !== 'resolved') next.resolvedAt = null;
  else if (current.status !== 'resolved') next.resolvedAt = write.now;
  await write.tx.update(incidents).set(next).where(eq(incidents.id, current.id));
  await mirror(write, next);
  return next;
}

/** Opens an incident. Throws `invalid_text` for text that cannot be stored. */
export async function createIncident(write: DomainWrite, input: NewIncident): Promise<Incident> {
  assertStorable(input);
  const { now } = write;
  const status = input.status ?? 'investigating';
  const incident: Incident = {
    ...{ id: write.entities.ids.next(), title: input.title, description: input.description ?? null },
    ...{ severity: input.severity, status, systemIds: [...new Set(input.systemIds)] },
    suppressNotifications: input.suppressNotifications ?? false,
    ...{ createdBy: write.cause.actor, createdAt: now, updatedAt: now },
    resolvedAt: status === 'resolved' ? now : null,
  };
  await write.tx.insert(incidents).values(incident);
  if (input.message !== undefined) await comment(write, incident.id, { message: input.message });
  await mirror(write, incident);
  return incident;
}

/**
 * Changes an incident.
 * @throws {FermataError} `not_found`; `invalid_text` for text that cannot be stored
 */
export async function updateIncident(write: DomainWrite, id: string, patch: IncidentPatch): Promise<Incident> {
  assertStorable(patch);
  return change(write, await lockIncident(write.tx, id), patch);
}

/**
 * Adds a message to an incident, and sets its status if one is given. A message alone does not change the incident.
 * @throws {FermataError} `not_found`; `invalid_text` for text that cannot be stored
 */
export async function addIncidentUpdate(
  write: DomainWrite,
  id: string,
  update: NewIncidentUpdate,
): Promise<{ incident: Incident; update: IncidentUpdate }> {
  assertStorable(update);
  const current = await lockIncident(write.tx, id);
  const row = await comment(write, id, update);
  const { statusChange } = update;
  if (statusChange === undefined || statusChange === current.status) return { incident: current, update: row };
  return { incident: await change(write, current, { status: statusChange }), update: row };
}

/**
 * Resolves an incident. If it is already resolved, only the message is stored.
 * @throws {FermataError} `not_found`; `invalid_text` for text that cannot be stored
 */
export async function resolveIncident(write: DomainWrite, id: string, message?: string): Promise<Incident> {
  assertStorable(message, 'message');
  const current = await lockIncident(write.tx, id);
  const resolves = current.status !== 'resolved';
  if (message !== undefined) await comment(write, id, { message, ...(resolves && { statusChange: 'resolved' }) });
  return resolves ? change(write, current, { status: 'resolved' }) : current;
}

/**
 * Removes an incident with its updates, and appends a change row for the removal.
 * @throws {FermataError} `not_found`
 */
export async function deleteIncident(write: DomainWrite, id: string): Promise<void> {
  await lockIncident(write.tx, id);
  await write.entities.remove(write.tx, { kind: incidentKind.kind, id }, write.cause);
  await write.tx.delete(incidents).where(eq(incidents.id, id));
}

/**
 * Returns those of the wanted systems that are covered neither by this incident nor by another open incident that an
 * automation opened. Two such incidents must not cover the same system: when the system recovers, an automation
 * resolves only the incident that it opened.
 */
async function uncovered(tx: Executor, { id, systemIds }: Incident, wanted: readonly string[]): Promise<string[]> {
  const others = await tx
    .select({ systemIds: incidents.systemIds })
    .from(incidents)
    .where(
      and(
        ...[ne(incidents.status, 'resolved'), ne(incidents.id, id)],
        sql`${incidents.systemIds} && ${sql.param(wanted)}::text[]`,
        sql`${incidents.createdBy} ->> 'type' = 'automation'`,
      ),
    );
  const covered = new Set([...systemIds, ...others.flatMap((other) => other.systemIds)]);
  return wanted.filter((systemId) => !covered.has(systemId));
}

/** The changes made to an incident when it is reused. Unchanged fields are absent. */
export interface ReusedChange {
  severityChange?: IncidentSeverity;
  addedSystemIds?: string[];
}

/**
 * Opens an incident, or reuses the oldest open incident that covers any of the systems. A reused incident gets the
 * systems that it does not cover yet. It also gets the severity of the input if that is higher, so that an open minor
 * incident never hides an outage. Concurrent calls for the same system wait for each other. Locks are taken in the
 * order of system ids.
 * @throws {FermataError} `invalid_text` for text that cannot be stored
 */
export async function createOrReuseIncident(
  write: DomainWrite,
  input: NewIncident,
): Promise<{ incident: Incident; reused: boolean; changed: ReusedChange }> {
  assertStorable(input);
  const { tx } = write;
  const systemIds = [...new Set(input.systemIds)].sort();
  for (const systemId of systemIds) {
    await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`incident:${systemId}`}, 0))`);
  }
  const open = await tx
    .select()
    .from(incidents)
    .where(and(ne(incidents.status, 'resolved'), sql`${incidents.systemIds} && ${sql.param(systemIds)}::text[]`))
    .orderBy(asc(incidents.createdAt), asc(incidents.id))
    .limit(1)
    .for('no key update');
  const oldest = open[0];
  if (!oldest) return { incident: await createIncident(write, input), reused: false, changed: {} };
  const lacking = await uncovered(tx, oldest, systemIds);
  const raised = INCIDENT_SEVERITIES.indexOf(input.severity) > INCIDENT_SEVERITIES.indexOf(oldest.severity);
  const changed: ReusedChange = {
    ...(raised && { severityChange: input.severity }),
    ...(lacking.length > 0 && { addedSystemIds: lacking }),
  };
  if (!raised && lacking.length === 0) return { incident: oldest, reused: true, changed };
  const severity = raised ? input.severity : oldest.severity;
  const incident = await change(write, oldest, { severity, systemIds: [...oldest.systemIds, ...lacking] });
  return { incident, reused: true, changed };
}
