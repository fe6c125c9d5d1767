import { sql, type SQL } from 'drizzle-orm';
import type { RunError } from '../../domain/run/step-record';
import type { Executor } from '../executor';
import type { AttemptKey } from './attempts';
import { insertSentStep, type StepNames } from './step-states';

/*
 * Every execution claims the row of its run before it has any effect. `claimRun` only claims. `claimAndBegin` also begins
 * the first step, which saves a statement and a commit. It requires that the process already has the columns of the row:
 * `PendingRow`, which the statements that prepare the start of a run return.
 */

/** The columns of a run that never change while it runs, and some columns of its automation. */
export interface ClaimedRow extends Record<string, unknown> {
  automation_id: string;
  version: number;
  scope_key: string;
  mode: string;
  root_run_id: string;
  depth: number;
  context_key: string | null;
  trigger_scope: Record<string, unknown>;
  started_at: string | null;
  created_at: string;
  /** Size of `trigger_scope` as Postgres stores it. */
  bytes: number;
  name: string;
  group: string | null;
}

/** What an execution receives when it claims its run. */
export interface ClaimedRun {
  row: ClaimedRow;
  variables: Record<string, unknown>;
  /**
   * The failure of a run that lost its execution; null for other runs. Only the run's `on_failure` is left to perform.
   */
  lost: RunError | null;
  /** Whether no step of the run has begun. The run then has no artifacts and no secrets. */
  isNew: boolean;
}

/**
 * Claims a run: changes it from `pending` to `running`, and stores the execution. This is the first step of every
 * execution. Returns null when the row does not belong to this execution because the run was ended, replaced, or
 * claimed by another execution. The execution must then end without any effect. An execution that claims its run again
 * gets the same result. Also returns the row, which saves a statement for every run.
 */
export async function claimRun(db: Executor, runId: string, executionRunId: string): Promise<ClaimedRun | null> {
  type Row = ClaimedRow & { variables: Record<string, unknown>; error: RunError | null; is_new: boolean };
  const result = await db.execute<Row>(sql`
    with claimed as (
      update runs set status = 'running', execution_run_id = ${executionRunId},
        started_at = coalesce(started_at, clock_timestamp()), seq = nextval('change_seq')
      where id = ${runId} and ((status = 'pending' and start_at is not null)
        or (status in ('running', 'waiting') and execution_run_id = ${executionRunId}))
      returning automation_id, version, scope_key, mode, root_run_id, depth, context_key, trigger_scope, started_at,
        created_at, variables, error)
    select r.automation_id, r.version, r.scope_key, r.mode, r.root_run_id, r.depth, r.context_key, r.trigger_scope,
      r.started_at, r.created_at, r.variables, r.error, pg_column_size(r.trigger_scope) as bytes, a.name, a."group",
      not exists (select 1 from run_steps s where s.run_id = ${runId})
        and not exists (select 1 from run_secrets s where s.run_id = ${runId}) as is_new
    from claimed r join automations a on a.id = r.automation_id`);
  const row = result.rows[0];
  if (!row) return null;
  const { variables, error, is_new: isNew } = row;
  return { row, variables, lost: error?.code === 'execution_lost' ? error : null, isNew };
}

/** Maximum size of a trigger scope in a `PendingRow`, in bytes. A larger one is read when the run is claimed. */
const MAX_SCOPE_BYTES = 65_536;

/** Columns of a pending run that its first step needs. They do not change while the run is pending. */
export interface PendingRow extends Record<string, unknown> {
  scope_key: string;
  root_run_id: string;
  depth: number;
  created_at: string;
  variables: Record<string, unknown>;
  /** Null if it is larger than 64 KiB. */
  trigger_scope: Record<string, unknown> | null;
  /** Size of `trigger_scope` as Postgres stores it. */
  bytes: number;
}

/** Returns the columns of `PendingRow` of a run `r`. The trigger scope is null if `isWanted` is false. */
export const pendingColumns = (r: string, isWanted: SQL = sql`true`): SQL => {
  const scope = sql.raw(`${r}.trigger_scope`);
  return sql`${sql.raw(['scope_key', 'root_run_id', 'depth', 'created_at', 'variables'].map((name) => `${r}.${name}`).join(', '))},
    case when ${isWanted} and pg_column_size(${scope}) <= ${sql.raw(String(MAX_SCOPE_BYTES))} then ${scope} end as trigger_scope,
    pg_column_size(${scope}) as bytes`;
};

/**
 * Claims a pending run for an execution, begins its first step, which is a call, and counts the first attempt of the
 * call as sent, in one statement. Returns the time at which the run started. Returns null, and changes nothing, if
 * `claimRun` would not claim the run, if the run has failed before, or if it has steps or secrets. The statement can be
 * repeated with the same key if its answer was lost.
 */
export async function claimAndBegin(
  db: Executor,
  names: StepNames,
  executionRunId: string,
  key: AttemptKey,
  config?: Record<string, unknown>,
): Promise<Date | null> {
  const { runId, path } = names;
  const begun = await db.execute<{ started_at: string }>(sql`
    with claimed as (
      update runs set status = 'running', execution_run_id = ${executionRunId},
        started_at = coalesce(started_at, clock_timestamp()), seq = nextval('change_seq')
      where id = ${runId} and (
        (status = 'pending' and start_at is not null and error is null
          and not exists (select 1 from run_steps s where s.run_id = ${runId})
          and not exists (select 1 from run_secrets s where s.run_id = ${runId}))
        or (status = 'running' and execution_run_id = ${executionRunId}
          and exists (select 1 from run_steps s where s.run_id = ${runId} and s.path = ${path}
            and s.status = 'running' and s.attempt ->> 'token' = ${key.token})))
      returning id, started_at)
    ${insertSentStep(names, key, config)} from claimed
    on conflict (run_id, path) do update set seq = nextval('change_seq')
    returning (select started_at from claimed) as started_at`);
  const [row] = begun.rows;
  return row === undefined ? null : new Date(row.started_at);
}
