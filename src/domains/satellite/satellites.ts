import { asc, desc, eq, lt, sql, type SQL } from 'drizzle-orm';
import { z } from 'zod';
import type { Executor } from '../../db/executor';
import { satellites } from '../../db/tables/catalog';
import type { EntityChange, Occurrence } from '../../domain/entities/change';
import type { EntityKind } from '../../domain/entities/entity-kind';
import { assertStorable } from '../../domain/entities/storable';
import { FermataError } from '../../domain/errors';
import type { DomainWrite } from '../domain-write';

/** A new satellite, which is a program that runs checks from another location and sends heartbeats. */
export const NewSatellite = z.strictObject({
  name: z.string().min(1).max(200),
  region: z.string().max(200).optional(),
  heartbeatTimeoutSeconds: z
    .int()
    .min(1)
    .max(86_400)
    .optional()
    .describe('Seconds without a heartbeat after which the satellite is considered offline; default 60'),
});
export type NewSatellite = z.infer<typeof NewSatellite>;

/** Fields of a satellite to change. Absent fields are kept. */
export const SatellitePatch = NewSatellite.partial();
export type SatellitePatch = z.infer<typeof SatellitePatch>;

export type Satellite = typeof satellites.$inferSelect;

const TIMEOUT_SECONDS = 60;
const s = satellites;

/** Reactive state of a satellite. */
const SatelliteState = z.strictObject({
  status: z.enum(['online', 'offline']),
  name: z.string(),
  region: z.string().nullable(),
  lastSeenAt: z.string().nullable(),
  lastEvent: z.string(),
});

/**
 * Derives the events of a change. When a satellite goes offline, the event is `disconnected`, preceded by
 * `heartbeat_lost` if its heartbeat is overdue.
 */
function derive({ id: satelliteId, prev, next }: EntityChange): Occurrence[] {
  const state = SatelliteState.parse(next ?? prev);
  const before = prev === null ? 'offline' : SatelliteState.parse(prev).status;
  const now = next === null ? 'offline' : state.status;
  if (before === now) return [];
  const { name, region, lastSeenAt } = state;
  const payload = { satelliteId, name, region, status: now, lastSeenAt };
  if (now === 'online') return [{ event: 'satellite.connected', payload }];
  const lost = next !== null && state.lastEvent === 'heartbeat_lost';
  return [...(lost ? ['satellite.heartbeat_lost'] : []), 'satellite.disconnected'].map((event) => ({ event, payload }));
}

/** Satellites as entities. A heartbeat that does not change the status appends no change row. */
export const satelliteKind: EntityKind = {
  kind: 'satellite-connection',
  description: 'Whether a satellite is connected',
  schema: SatelliteState,
  derive,
};

const notFound = (id: string) => new FermataError('not_found', `Satellite "${id}" not found`);

/** Returns the satellite, or null. */
export async function getSatellite(db: Executor, id: string): Promise<Satellite | null> {
  if (!z.guid().safeParse(id).success) return null;
  return (await db.select().from(s).where(eq(s.id, id)))[0] ?? null;
}

/** Returns satellites, newest first. `before` is the id of the last satellite on the previous page. */
export async function listSatellites(
  db: Executor,
  page: { limit: number; before: string | undefined },
): Promise<Satellite[]> {
  const where = page.before === undefined ? undefined : lt(s.id, page.before);
  return db.select().from(s).where(where).orderBy(desc(s.id)).limit(page.limit);
}

async function store(write: DomainWrite, row: Satellite, occurredAt = write.now): Promise<Satellite> {
  await write.tx.insert(s).values(row).onConflictDoUpdate({ target: s.id, set: row });
  const { status, name, region, lastSeenAt, lastEvent } = row;
  const state = { status, name, region, lastSeenAt: lastSeenAt?.toISOString() ?? null, lastEvent };
  const ref = { kind: satelliteKind.kind, id: row.id };
  await write.entities.mutate(write.tx, ref, () => state, write.cause, { occurredAt });
  return row;
}

/** Locks the satellite's row until the transaction ends, and returns it. Throws `not_found` when it does not exist. */
export async function lockSatellite(tx: Executor, id: string): Promise<Satellite> {
  const rows = z.guid().safeParse(id).success ? await tx.select().from(s).where(eq(s.id, id)).for('no key update') : [];
  if (!rows[0]) throw notFound(id);
  return rows[0];
}

/**
 * Adds a satellite, which is offline until its first heartbeat.
 * @throws {FermataError} `invalid_text` for text that cannot be stored
 */
export async function createSatellite(write: DomainWrite, input: NewSatellite): Promise<Satellite> {
  assertStorable(input);
  const { now } = write;
  return store(write, {
    ...{ id: write.entities.ids.next(), name: input.name, region: input.region ?? null, status: 'offline' },
    heartbeatTimeoutSeconds: input.heartbeatTimeoutSeconds ?? TIMEOUT_SECONDS,
    ...{ lastSeenAt: null, lastEvent: 'registered', createdAt: now, updatedAt: now },
  });
}

/**
 * Changes a satellite.
 * @throws {FermataError} `not_found`; `invalid_text` for text that cannot be stored
 */
export async function updateSatellite(write: DomainWrite, id: string, patch: SatellitePatch): Promise<Satellite> {
  assertStorable(patch);
  const current = await lockSatellite(write.tx, id);
  const {
    name = current.name,
    region = current.region,
    heartbeatTimeoutSeconds = current.heartbeatTimeoutSeconds,
  } = patch;
  return store(write, { ...current, name, region, heartbeatTimeoutSeconds, updatedAt: write.now });
}

/**
 * Records a heartbeat. A satellite that was offline becomes online; otherwise only `lastSeenAt` of the row changes.
 * @throws {FermataError} `not_found`
 */
export async function heartbeat(write: DomainWrite, id: string): Promise<Satellite> {
  const current = await lockSatellite(write.tx, id);
  if (current.status === 'offline') {
    return store(write, {
      ...current,
      status: 'online',
      lastSeenAt: write.now,
      lastEvent: 'connected',
      updatedAt: write.now,
    });
  }
  await write.tx.update(s).set({ lastSeenAt: write.now }).where(eq(s.id, id));
  return { ...current, lastSeenAt: write.now };
}

/**
 * Removes a satellite. If it was online, this fires `satellite.disconnected`.
 * @throws {FermataError} `not_found`
 */
export async function deleteSatellite(write: DomainWrite, id: string): Promise<void> {
  await lockSatellite(write.tx, id);
  await write.tx.delete(s).where(eq(s.id, id));
  await write.entities.remove(write.tx, { kind: satelliteKind.kind, id }, write.cause);
}

const isSilent = (now: Date): SQL => sql`${s.status} = 'online'
  and ${s.lastSeenAt} + make_interval(secs => ${s.heartbeatTimeoutSeconds}) <= ${now.toISOString()}`;

/** Returns an SQL condition that is true when the heartbeat of some satellite is overdue. */
export const satellitesSilent = (now: Date): SQL => sql`exists (select 1 from ${s} where ${isSilent(now)})`;

/** Marks up to `limit` satellites with overdue heartbeats as offline. Returns how many were marked. */
export async function loseSilent(write: DomainWrite, limit: number): Promise<number> {
  const silent = await write.tx
    .select()
    .from(s)
    .where(isSilent(write.now))
    .orderBy(asc(s.id))
    .limit(limit)
    .for('no key update', { skipLocked: true });
  for (const row of silent) {
    const at = new Date((row.lastSeenAt ?? write.now).getTime() + row.heartbeatTimeoutSeconds * 1_000);
    await store(write, { ...row, status: 'offline', lastEvent: 'heartbeat_lost', updatedAt: write.now }, at);
  }
  return silent.length;
}
