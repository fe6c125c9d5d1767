import { asc, desc, eq, lt, sql, type SQL } from 'drizzle-orm';
import { z } from 'zod';
import { appendChanges } from '../../db/change-log';
import type { Executor } from '../../db/executor';
import { slos } from '../../db/tables/catalog';
import type { EntityKind } from '../../domain/entities/entity-kind';
import { assertStorable } from '../../domain/entities/storable';
import { FermataError } from '../../domain/errors';
import { lockSystems } from '../catalog/systems';
import type { DomainWrite } from '../domain-write';
import { burnDownOf, AT_RISK_PERCENT, MILESTONES, objectiveOf, type Outage } from './objective';

/** A new objective: the percentage of time in which a system is not unhealthy. */
export const NewSlo = z.strictObject({
  systemId: z.string().min(1).max(200),
  name: z.string().min(1).max(200),
  target: z.number().gt(0).max(100),
  windowDays: z.int().min(1).max(90).default(30),
});
export type NewSlo = z.infer<typeof NewSlo>;

/** Fields of an objective to change. Absent fields are kept. */
export const SloPatch = z.strictObject({
  name: NewSlo.shape.name.optional(),
  target: NewSlo.shape.target.optional(),
  windowDays: z.int().min(1).max(90).optional(),
});
export type SloPatch = z.infer<typeof SloPatch>;

export type Slo = typeof slos.$inferSelect;

/** Minimum time, in milliseconds, between two computations of an objective that are caused by health changes. */
const AGAIN_MS = 60_000;
const DAY_MS = 86_400_000;
const MONDAY_NINE_MS = 9 * 3_600_000;
/** Number of best and of worst objectives that the weekly digest lists. */
const PERFORMERS = 5;

/** Objectives as entities. Their states are computed from the history of the system's health and stored. */
export const sloKind: EntityKind = {
  kind: 'slo',
  description: 'An objective for the health of a system, with its remaining budget',
  schema: z.strictObject({
    objectiveId: z.string(),
    systemId: z.string(),
    target: z.number(),
    budgetRemainingPercent: z.number(),
    currentStreak: z.int(),
    bestStreak: z.int(),
  }),
};

/** Returns the objective, or null. */
export async function getSlo(db: Executor, id: string): Promise<Slo | null> {
  if (!z.guid().safeParse(id).success) return null;
  return (await db.select().from(slos).where(eq(slos.id, id)))[0] ?? null;
}

/** Returns objectives, newest first. `before` is the id of the last objective on the previous page. */
export async function listSlos(db: Executor, page: { limit: number; before: string | undefined }): Promise<Slo[]> {
  const where = page.before === undefined ? undefined : lt(slos.id, page.before);
  return db.select().from(slos).where(where).orderBy(desc(slos.id)).limit(page.limit);
}

/** Locks the objective's row until the transaction ends, and returns it. Throws `not_found` when it does not exist. */
export async function lockSlo(tx: Executor, id: string): Promise<Slo> {
  const rows = z.guid().safeParse(id).success
    ? await tx.select().from(slos).where(eq(slos.id, id)).for('no key update')
    : [];
  if (!rows[0]) throw new FermataError('not_found', `SLO "${id}" not found`);
  return rows[0];
}

/**
 * Adds an objective and computes it.
 * @throws {FermataError} `not_found` for an unknown system; `invalid_text` for text that cannot be stored
 */
export async function createSlo(write: DomainWrite, input: NewSlo): Promise<Slo> {
  assertStorable(input);
  const { now } = write;
  if (!(await lockSystems(write.tx, [input.systemId])).has(input.systemId)) {
    throw new FermataError('not_found', `System "${input.systemId}" not found`);
  }
  const row: Slo = {
    ...{ ...input, id: write.entities.ids.next(), budgetRemainingPercent: 100, currentStreak: 0, bestStreak: 0 },
    ...{ achievements: [], computedAt: now, computeAt: now, createdAt: now, updatedAt: now },
  };
  await write.tx.insert(slos).values(row);
  return compute(write, row);
}

/**
 * Changes an objective and recomputes it.
 * @throws {FermataError} `not_found`; `invalid_text` for text that cannot be stored
 */
export async function updateSlo(write: DomainWrite, id: string, patch: SloPatch): Promise<Slo> {
  assertStorable(patch);
  const current = await lockSlo(write.tx, id);
  const { name = current.name, target = current.target, windowDays = current.windowDays } = patch;
  return compute(write, { ...current, name, target, windowDays, updatedAt: write.now });
}

/** Removes an objective. Throws `not_found` when it does not exist. */
export async function deleteSlo(write: DomainWrite, id: string): Promise<void> {
  await lockSlo(write.tx, id);
  await write.tx.delete(slos).where(eq(slos.id, id));
  await write.entities.remove(write.tx, { kind: sloKind.kind, id }, write.cause);
}

/** Removes the objectives of a system that is being removed, each with a change row. */
export async function deleteSlosOf(write: DomainWrite, systemId: string): Promise<void> {
  const rows = await write.tx.select({ id: slos.id }).from(slos).where(eq(slos.systemId, systemId)).orderBy(slos.id);
  for (const { id } of rows) await deleteSlo(write, id);
}

/**
 * Makes the objectives of systems due after the health of these systems has changed. They are due at once, or one
 * minute after their last computation if that is later. A computation that was part of creating or editing
 * the objective does not count.
 */
export async function objectivesDue({ tx, now }: DomainWrite, systemIds: readonly string[]): Promise<void> {
  await tx.execute(sql`
    update slos set compute_at = least(compute_at, case when computed_at = updated_at then ${now.toISOString()}
      else greatest(${now.toISOString()}::timestamptz, computed_at + make_interval(secs => ${AGAIN_MS / 1_000})) end)
    where system_id = any(${sql.param(systemIds)}::text[])`);
}

/**
 * Returns the periods in which a system was unhealthy after `from`, including a period in progress at `from`. The
 * periods are derived from the history of health transitions.
 */
async function outagesOf(tx: Executor, systemId: string, from: Date): Promise<Outage[]> {
  const found = await tx.execute<{ at: string; to_value: unknown }>(sql`
    select at, to_value from entity_transitions
    where kind = 'health' and entity_id = ${systemId} and field = 'status'
      and id >= coalesce((select max(id) from entity_transitions where kind = 'health' and entity_id = ${systemId}
        and field = 'status' and at <= ${from.toISOString()}), 0)
    order by id`);
  const outages: Outage[] = [];
  for (const { at, to_value: status } of found.rows) {
    const instant = new Date(at).getTime();
    const open = outages.at(-1);
    if (open?.until === null) open.until = instant;
    if (status === 'unhealthy') outages.push({ from: instant, until: null });
  }
  return outages;
}

/** Returns how the budget of an objective was used up in the window that ends at `now`. */
export async function burnDown(db: Executor, slo: Slo, now: Date): Promise<{ at: Date; remainingPercent: number }[]> {
  const outages = await outagesOf(db, slo.systemId, new Date(now.getTime() - slo.windowDays * DAY_MS));
  return burnDownOf(slo, outages, now.getTime()).map(({ at, ...rest }) => ({ at: new Date(at), ...rest }));
}

/**
 * Returns when a system's current period without outages began, in milliseconds since 1970. This is the end of its last
 * outage or, if it has had none, the time at which the system was created. If retention has removed the start of the
 * history, this is the start of the previously computed streak or of the kept history, whichever is earlier.
 */
async function wellSince(tx: Executor, { systemId, computedAt, currentStreak }: Slo): Promise<number> {
  const { rows } = await tx.execute<{ ended: string | null; kept: string | null; created: string | null }>(sql`
    with status as (
      select id, at, from_value from entity_transitions
      where kind = 'health' and entity_id = ${systemId} and field = 'status')
    select (select at from status where from_value = '"unhealthy"' order by id desc limit 1) as ended,
      (select case when from_value is not null then at end from status order by id limit 1) as kept,
      (select created_at from systems where id = ${systemId}) as created`);
  const { ended, kept, created } = rows[0] ?? {};
  if (ended != null) return new Date(ended).getTime();
  if (kept == null) return new Date(created ?? computedAt).getTime();
  return Math.min(new Date(kept).getTime(), computedAt.getTime() - currentStreak * DAY_MS);
}

async function compute(write: DomainWrite, row: Slo): Promise<Slo> {
  const { tx, now } = write;
  const outages = await outagesOf(tx, row.systemId, new Date(now.getTime() - row.windowDays * DAY_MS));
  const { streakGrowsAt, ...objective } = objectiveOf(row, outages, await wellSince(tx, row), now.getTime());
  const bestStreak = Math.max(row.bestStreak, objective.currentStreak);
  const reached = MILESTONES.filter((days) => objective.currentStreak >= days).map((days) => `streak_${days}_days`);
  const unlocked = reached.filter((achievement) => !row.achievements.includes(achievement));
  const next: Slo = {
    ...{ ...row, ...objective, bestStreak, achievements: [...row.achievements, ...unlocked], computedAt: now },
    // The next midnight UTC, or the time at which the streak reaches its next day, whichever is earlier. A milestone is
    // therefore recorded even if the streak ends before midnight.
    computeAt: new Date(Math.min((Math.floor(now.getTime() / DAY_MS) + 1) * DAY_MS, streakGrowsAt)),
  };
  await tx.update(slos).set(next).where(eq(slos.id, row.id));
  const { id, systemId, target, budgetRemainingPercent, currentStreak } = next;
  const state = { objectiveId: id, systemId, target, budgetRemainingPercent, currentStreak, bestStreak };
  await write.entities.mutate(tx, { kind: sloKind.kind, id }, () => state, write.cause);
  await appendChanges(
    tx,
    unlocked.map((achievement) => ({
      ...{ kind: 'slo-achievement', id: systemId, occurredAt: now, cause: write.cause, contextKey: systemId },
      event: 'slo.achievement_unlocked',
      payload: { systemId, achievement, objectiveId: id },
    })),
  );
  return next;
}

const isDue = (now: Date): SQL => sql`${slos.computeAt} <= ${now.toISOString()}`;

/** Computes objectives that are due by the database's clock. Returns how many were computed. */
export async function computeDue(write: DomainWrite, limit: number): Promise<number> {
  const due = await write.tx
    .select()
    .from(slos)
    .where(isDue(write.now))
    .orderBy(asc(slos.id))
    .limit(limit)
    .for('no key update', { skipLocked: true });
  for (const row of due) await compute(write, row);
  return due.length;
}

/** Returns 09:00 UTC on the Monday of the week that contains an instant. */
function digestTime(now: Date): Date {
  const days = Math.floor(now.getTime() / DAY_MS);
  // 1970-01-01 was a Thursday.
  const monday = days - ((days + 3) % 7);
  return new Date(monday * DAY_MS + MONDAY_NINE_MS);
}

/** Returns an SQL condition that is true when objectives or the weekly digest are due. */
export function slosDue(now: Date): SQL {
  const digest = digestTime(now);
  const week = digest.toISOString().slice(0, 10);
  const isTime = now >= digest && now.getTime() - digest.getTime() <= DAY_MS;
  return sql`(exists (select 1 from ${slos} where ${isDue(now)}) or (${isTime} and exists (select 1 from ${slos})
    and not exists (select 1 from slo_digests where week = ${week}::date)))`;
}

/**
 * Sends the weekly digest if it is due, there are objectives, and no process has sent it yet. A digest that is more
 * than a day late is skipped. Returns whether this call sent it.
 */
export async function sendDigest(write: DomainWrite): Promise<boolean> {
  const { tx, now } = write;
  const due = digestTime(now);
  if (now < due || now.getTime() - due.getTime() > DAY_MS) return false;
  const sent = await tx.execute(sql`
    insert into slo_digests (week, sent_at) select ${due.toISOString().slice(0, 10)}::date, ${now.toISOString()}
    where exists (select 1 from slos) on conflict do nothing`);
  if (sent.rowCount !== 1) return false;
  const rows = await tx.select().from(slos).orderBy(desc(slos.budgetRemainingPercent), asc(slos.id));
  const summary = ({ id, systemId, name, budgetRemainingPercent, currentStreak }: Slo) => ({
    ...{ objectiveId: id, systemId, name, budgetRemainingPercent, currentStreak },
  });
  const breaching = rows.filter((row) => row.budgetRemainingPercent <= 0).length;
  const atRisk = rows.filter(
    (row) => row.budgetRemainingPercent > 0 && row.budgetRemainingPercent < AT_RISK_PERCENT,
  ).length;
  await appendChanges(tx, [
    {
      ...{
        kind: 'slo-digest',
        id: due.toISOString().slice(0, 10),
        occurredAt: due,
        cause: write.cause,
        contextKey: null,
      },
      event: 'slo.weekly_digest',
      payload: {
        ...{ totals: rows.length, breaching, atRisk, healthy: rows.length - breaching - atRisk },
        topPerformers: rows.slice(0, PERFORMERS).map(summary),
        worstPerformers: rows.slice(-PERFORMERS).reverse().map(summary),
      },
    },
  ]);
  return true;
}
