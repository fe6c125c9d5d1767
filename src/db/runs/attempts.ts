import { sql } from 'drizzle-orm';
import type { RunError, StepStatus } from '../../domain/run/step-record';
import type { Executor } from '../executor';

/** One attempt of a call, as the step's row names the current one. */
export interface AttemptKey {
  /** The activity that it belongs to. */
  of: string;
  /** Its number within that activity, from 1. */
  no: number;
  /** This very invocation: a local activity may be invoked twice under the same number. */
  token: string;
}

/**
 * Seconds for which an attempt that was sent keeps others of its step from being sent, by the database's clock. Temporal does
 * not give up an attempt earlier (the heartbeat timeout), so a process that was suspended does not send the attempts that
 * were queued for it all at once.
 */
export const IN_FLIGHT_SECONDS = 5;

interface StepPlace {
  runId: string;
  path: string;
}

/**
 * Counts an attempt as sent, right before it is sent, and returns how many attempts that makes. null when it must not be
 * sent: the run or the step has ended, or a later attempt of the step has begun.
 */
export async function countSent(
  db: Executor,
  { runId, path }: StepPlace,
  { token }: AttemptKey,
): Promise<number | null> {
  const counted = await db.execute<{ attempts: number }>(sql`
    update run_steps s set attempts = s.attempts + 1, seq = nextval('change_seq'),
      attempt = s.attempt || jsonb_build_object('sentAt', extract(epoch from clock_timestamp())) from runs r
    where r.id = s.run_id and r.status in ('running', 'waiting') and s.run_id = ${runId} and s.path = ${path}
      and s.status in ('pending', 'running', 'waiting') and s.attempt ->> 'token' = ${token}
    returning s.attempts`);
  return counted.rows[0]?.attempts ?? null;
}

/**
 * Keeps other attempts of a step from being sent while one is under way that Temporal has given up. Returns whether it is still
 * the current one, open and in flight: after `IN_FLIGHT_SECONDS` without a renewal the step belongs to the next attempt.
 */
export async function renewInFlight(db: Executor, { runId, path }: StepPlace, { token }: AttemptKey): Promise<boolean> {
  const renewed = await db.execute(sql`
    update run_steps s set attempt = s.attempt || jsonb_build_object('sentAt', extract(epoch from clock_timestamp())) from runs r
    where r.id = s.run_id and r.status in ('running', 'waiting') and s.run_id = ${runId} and s.path = ${path}
      and s.status in ('pending', 'running', 'waiting') and s.attempt ->> 'token' = ${token}
      and (s.attempt ->> 'sentAt')::float8 > extract(epoch from clock_timestamp()) - ${IN_FLIGHT_SECONDS}`);
  return renewed.rowCount === 1;
}

/** Keeps what an attempt failed with while the step stays open for the next one; the attempt is no longer in flight. */
export async function noteFailedAttempt(
  db: Executor,
  { runId, path }: StepPlace,
  { token }: AttemptKey,
  error: RunError,
): Promise<void> {
  await db.execute(sql`
    update run_steps set error = ${JSON.stringify(error)}::jsonb, seq = nextval('change_seq'),
      attempt = case when attempt ->> 'token' = ${token} then attempt - 'sentAt' else attempt end
    where run_id = ${runId} and path = ${path} and status in ('pending', 'running', 'waiting')`);
}

/** Returns how a step stands, for an attempt that could not write its own outcome. */
export async function stepStanding(
  db: Executor,
  { runId, path }: StepPlace,
): Promise<{ open: boolean; finished: { status: StepStatus; error: RunError | null } | null }> {
  const found = await db.execute<{ open: boolean; status: StepStatus | null; error: RunError | null }>(sql`
    select r.status in ('running', 'waiting') as open, s.status, s.error
    from runs r left join run_steps s on s.run_id = r.id and s.path = ${path} where r.id = ${runId}`);
  const row = found.rows[0];
  const ended = row?.status != null && ['success', 'failed', 'skipped', 'cancelled'].includes(row.status);
  return {
    open: row?.open ?? false,
    finished: ended && row.status ? { status: row.status, error: row.error } : null,
  };
}
