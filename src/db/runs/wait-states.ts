import { sql, type SQL } from 'drizzle-orm';
import { hasElapsed } from '../elapsed';
import type { Executor } from '../executor';
import type { UnansweredWake } from './wait-queries';
import {
  EVENT_REF,
  eventsOf,
  MAX_CHANGED,
  toWait,
  WAIT_COLUMNS,
  type Wait,
  type WaitRow,
  type WakeCause,
} from './wait-row';

/*
 * The life of a wait. Its row exists while the run waits: armed, then woken (`woken_by` is set while a wake is pending)
 * or checked because of a wake (`looked_by` is set), and finally deleted. `removeWait` deletes the row when the wait
 * has ended, and `endForgottenWait` also ends the step. Statements that end a run or cancel a branch delete the waits
 * as well (`removalParts` below, `cancelAt` in `step-states.ts`).
 */

type NewWait = Omit<Wait, 'refs' | 'wokenBy' | 'checkCause' | 'isChecked'> & {
  refs: readonly { kind: string; id: string }[];
};

/** Arms a wait. Once the transaction has committed, changes are checked against the wait. */
export async function insertWait(tx: Executor, wait: NewWait): Promise<void> {
  const refs = JSON.stringify(wait.refs);
  const events = JSON.stringify(wait.scope.keys === undefined ? [] : eventsOf(wait));
  await tx.execute(sql`
    with armed as (
      insert into waits (id, run_id, path, kind, event, context_key, any_key, refs, scope, after_seq, since, timeout_at,
        recheck_at)
      values (${wait.id}, ${wait.runId}, ${wait.path}, ${wait.kind}, ${wait.event}, ${wait.contextKey}, ${wait.anyKey},
        array(select (r ->> 'kind') || ':' || (r ->> 'id') from jsonb_array_elements(${refs}::jsonb) as r),
        ${JSON.stringify(wait.scope)}::jsonb, ${wait.afterSeq}, ${wait.since.toISOString()},
        ${wait.timeoutAt?.toISOString() ?? null}, ${wait.recheckAt?.toISOString() ?? null})
      returning id)
    insert into wait_refs (kind, entity_id, wait_id)
    select distinct r.kind, r.id, armed.id from armed, jsonb_to_recordset(${refs}::jsonb) as r(kind text, id text)
    union select ${EVENT_REF}, e, armed.id from armed, jsonb_array_elements_text(${events}::jsonb) as e`);
}

/**
 * Returns the wait of a step, or null when none is armed. Locks the run and the wait until the transaction ends. The run
 * is locked first, as by all statements that lock both, so that the checks of concurrent waits and the end of the run
 * cannot deadlock.
 */
export async function lockWait(tx: Executor, runId: string, path: string): Promise<Wait | null> {
  const found = await tx.execute<WaitRow>(sql`
    with run as materialized (select id from runs where id = ${runId} for no key update)
    select ${WAIT_COLUMNS} from waits where run_id = (select id from run) and path = ${path} for update`);
  return found.rows[0] ? toWait(found.rows[0]) : null;
}

/**
 * Records that a check is beginning. The record is committed in a separate transaction before the check, which closes
 * the race with wakes: a change that commits later finds the wait without a pending wake and sends one, and the check
 * includes every change that committed earlier. Returns false when no wait is armed.
 */
export async function beginCheck(db: Executor, runId: string, path: string): Promise<boolean> {
  const found = await db.execute<{ armed: boolean }>(sql`
    with begun as (
      update waits set looked_by = coalesce(woken_by, looked_by), woken_by = null, signalled_at = null
      where run_id = ${runId} and path = ${path} and (kind = 'wait_until' or woken_by -> 'trigger' is null))
    select exists (select 1 from waits where run_id = ${runId} and path = ${path}) as armed`);
  return found.rows[0]?.armed ?? false;
}

/**
 * Records that the wait's condition is not met yet. `recheckAt` is when the next check is due even if nothing changes;
 * null = never.
 */
export async function endCheck(tx: Executor, id: string, recheckAt: Date | null): Promise<void> {
  await tx.execute(sql`
    update waits set recheck_at = ${recheckAt?.toISOString() ?? null}, looked_by = null, looked = true where id = ${id}`);
}

/** Removes a wait. The caller stores its outcome in the step. */
export async function removeWait(tx: Executor, id: string): Promise<void> {
  await tx.execute(sql`delete from waits where id = ${id}`);
}

/**
 * Removes a wait that no execution is waiting for, and ends its step as `cancelled`. Returns false when the wait was
 * evaluated in between.
 */
export async function endForgottenWait(db: Executor, { id, runId, path, wokenBy }: UnansweredWake): Promise<boolean> {
  const ended = await db.execute(sql`
    with run as materialized (select id from runs where id = ${runId} for no key update),
    gone as (
      delete from waits where id = ${id} and woken_by = ${JSON.stringify(wokenBy)}::jsonb and run_id = (select id from run)
      returning id)
    update run_steps set status = 'cancelled', finished_at = clock_timestamp(), seq = nextval('change_seq')
    where run_id = ${runId} and path = ${path} and status = 'waiting' and exists (select 1 from gone)`);
  return (ended.rowCount ?? 0) > 0;
}

/**
 * Returns parts of a statement's `with` that delete the waits and secrets of ended runs. They run in the transaction
 * that ends the runs.
 */
export const removalParts = (runIds: SQL): SQL => sql`
    waits_gone as (delete from waits where run_id in (${runIds})),
    secrets_gone as (delete from run_secrets where run_id in (${runIds}))`;

/** A signal to send to an execution. */
export interface Wake {
  runId: string;
  path: string;
  workflowId: string;
}

interface WakeRow extends Record<string, unknown> {
  run_id: string;
  path: string;
  workflow_id: string;
}

const toWake = (row: WakeRow): Wake => ({ runId: row.run_id, path: row.path, workflowId: row.workflow_id });

/**
 * Records a pending wake and returns it for the caller to send. If the caller dies first, `takeWakes` sends it. Returns
 * null when a wake is already pending, or the wait has ended.
 */
export async function wakeWait(db: Executor, id: string, by: WakeCause): Promise<Wake | null> {
  const woken = await db.execute<WakeRow>(sql`
    update waits w set woken_by = ${JSON.stringify(by)}::jsonb, signalled_at = clock_timestamp(),
      -- A wait that could not be evaluated reads the log again.
      looked = looked and ${by.changed !== undefined || by.trigger !== undefined}
    from runs r where w.id = ${id} and w.woken_by is null and r.id = w.run_id
    returning w.run_id, w.path, r.workflow_id`);
  return woken.rows[0] ? toWake(woken.rows[0]) : null;
}

/**
 * Adds a cause to the pending wake of a wait: the changed entity or, if there is none, a further search of the log.
 * Returns false when no wake is pending, because a check has begun or the wait has ended.
 */
export async function addToWake(db: Executor, id: string, { changed }: WakeCause): Promise<boolean> {
  const entity = JSON.stringify([changed]);
  const more = sql`coalesce(woken_by -> 'more', '[]')`;
  const added = await db.execute(
    changed === undefined
      ? sql`update waits set looked = false where id = ${id} and woken_by is not null`
      : sql`
        update waits set woken_by = case
          when ${more} @> ${entity}::jsonb or jsonb_array_length(${more}) >= ${MAX_CHANGED} then woken_by
          else jsonb_set(woken_by, '{more}', ${more} || ${entity}::jsonb) end
        where id = ${id} and woken_by is not null`,
  );
  return added.rowCount === 1;
}

/** Seconds after which an unanswered or unsent wake is sent again. */
const WAKE_AGAIN_SECONDS = 5;

const TO_SEND = sql`woken_by is not null and (signalled_at is null
  or ${hasElapsed(sql`signalled_at`, WAKE_AGAIN_SECONDS)})`;

/** SQL condition: some wakes have to be sent. */
export const wakesToSend = sql`exists (select 1 from waits where ${TO_SEND})`;

/**
 * Takes up to `limit` wakes to send, and returns them with the workflow ids of their runs. Wakes of runs that are not
 * open are left out. `skip locked` lets the sweeps of several workers share the rows instead of waiting for each other,
 * and `signalled_at` prevents a second sweep from sending a wake again.
 */
export async function takeWakes(db: Executor, limit: number): Promise<Wake[]> {
  const taken = await db.execute<WakeRow>(sql`
    with taken as (
      update waits set signalled_at = clock_timestamp() where id in (
        select id from waits where ${TO_SEND}
        order by id limit ${limit} for update skip locked)
      returning run_id, path)
    select taken.run_id, taken.path, r.workflow_id from taken join runs r on r.id = taken.run_id
    where r.status in ('running', 'waiting')`);
  return taken.rows.map(toWake);
}
