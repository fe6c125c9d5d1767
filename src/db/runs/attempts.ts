import { sql } from 'drizzle-orm';
import type { RunError, StepStatus } from '../../domain/run/step-record';
import { hasElapsed } from '../elapsed';
import type { Executor } from '../executor';

/** The key of one attempt at a call. The step's row contains the key of the current attempt. */
export interface AttemptKey {
  /** The activity to which the attempt belongs. */
  of: string;
  /** Number of the attempt within that activity, starting at 1. */
  no: number;
  /** Identifies this invocation: a local activity may be invoked twice under the same number. */
  token: string;
}

/**
 * After an attempt is sent, no other attempt of its step is sent for this number of seconds by the database's clock.
 * Temporal does not time out an attempt earlier than this (heartbeat timeout). A process that was suspended therefore
 * does not send all of its queued attempts at once.
 */
export const IN_FLIGHT_SECONDS = 5;

interface StepPlace {
  runId: string;
  path: string;
}

/**
 * Counts an attempt right before it is sent, and stores its configuration. Returns the number of attempts, including
 * this attempt. Repeated calls count an attempt only once, so a call whose answer was lost can be repeated. Returns
 * null when the attempt must not be sent: the run or the step has ended, or a later attempt of the step has begun.
 */
export async function countSent(
  db: Executor,
  { runId, path }: StepPlace,
  { token }: AttemptKey,
  config?: Record<string, unknown>,
): Promise<number | null> {
  const counted = await db.execute<{ attempts: number }>(sql`
    update run_steps s set attempts = s.attempts + case when s.attempt ? 'sentAt' then 0 else 1 end,
      seq = nextval('change_seq'),
      trace = coalesce(s.trace, '{}'::jsonb) || ${JSON.stringify(config === undefined ? {} : { config })}::jsonb,
      attempt = s.attempt || jsonb_build_object('sentAt', extract(epoch from clock_timestamp())) from runs r
    where r.id = s.run_id and r.status in ('running', 'waiting') and s.run_id = ${runId} and s.path = ${path}
      and s.status in ('pending', 'running', 'waiting') and s.attempt ->> 'token' = ${token}
    returning s.attempts`);
  return counted.rows[0]?.attempts ?? null;
}

/**
 * Marks an attempt as still in flight, so that other attempts of its step are not sent while it is in progress, even if
 * Temporal has already timed it out. Returns false if it was no longer in flight, is no longer the current attempt, or
 * its run or step has ended. After `IN_FLIGHT_SECONDS` without a renewal, the step belongs to the next attempt.
 */
export async function renewInFlight(db: Executor, { runId, path }: StepPlace, { token }: AttemptKey): Promise<boolean> {
  const renewed = await db.execute(sql`
    update run_steps s set attempt = s.attempt || jsonb_build_object('sentAt', extract(epoch from clock_timestamp())) from runs r
    where r.id = s.run_id and r.status in ('running', 'waiting') and s.run_id = ${runId} and s.path = ${path}
      and s.status in ('pending', 'running', 'waiting') and s.attempt ->> 'token' = ${token}
      and not ${hasElapsed(sql`to_timestamp((s.attempt ->> 'sentAt')::float8)`, IN_FLIGHT_SECONDS)}`);
  return renewed.rowCount === 1;
}

/**
 * Returns whether a run that this run retries has sent the step's call, with the same idempotency key. A call that was
 * sent may have had its effect, even if it failed.
 */
export async function sentInRetriedRun(
  db: Executor,
  { runId, path, rootRunId }: StepPlace & { rootRunId: string },
): Promise<boolean> {
  if (runId === rootRunId) return false;
  const found = await db.execute(sql`
    with recursive chain as (
      select id, parent_run_id from runs where id = ${runId}
      union all
      select r.id, r.parent_run_id from runs r join chain c on r.id = c.parent_run_id where r.root_run_id = ${rootRunId})
    select 1 from run_steps s join chain c on c.id = s.run_id
    where s.path = ${path} and s.run_id <> ${runId} and s.attempts > 0 limit 1`);
  return found.rows.length > 0;
}

/** Maximum number of failed attempts that a step's row keeps. The latest are kept. */
const MAX_FAILURES = 20;

/** A failed attempt that is followed by another attempt. */
export interface FailedAttempt {
  /** Number of the attempt within the step, starting at 1. */
  no: number;
  /** Milliseconds from sending the attempt to its failure; undefined when it could not be sent. */
  tookMs?: number;
  error: RunError;
}

/**
 * Stores the failure of an attempt, which is then no longer in flight. The step stays open for the next attempt. The
 * row's trace lists the latest failures under `failures`. Repeating the call has no effect.
 */
export async function noteFailedAttempt(
  db: Executor,
  { runId, path }: StepPlace,
  { token }: AttemptKey,
  { no, tookMs, error }: FailedAttempt,
): Promise<void> {
  const { code, message, status } = error;
  const failure = JSON.stringify({ no, tookMs, code, message, status });
  await db.execute(sql`
    update run_steps set error = ${JSON.stringify(error)}::jsonb, seq = nextval('change_seq'),
      trace = coalesce(trace, '{}'::jsonb) || jsonb_build_object('failures',
        jsonb_path_query_array(coalesce(trace -> 'failures', '[]'), ${`$[last - ${MAX_FAILURES - 2} to last]`}::jsonpath)
          || jsonb_build_array(${failure}::jsonb || jsonb_build_object('at', clock_timestamp()))),
      attempt = case when attempt ->> 'token' = ${token} then attempt - 'sentAt' else attempt end
    where run_id = ${runId} and path = ${path} and status in ('pending', 'running', 'waiting')
      and (trace #>> '{failures,-1,no}') is distinct from ${String(no)}`);
}

/**
 * Returns whether the run of a step is open, and how the step has ended; `finished` is null while it has not ended.
 * Attempts that could not write their own outcome use this function.
 */
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
