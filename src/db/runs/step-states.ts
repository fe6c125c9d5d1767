import { sql, type SQL } from 'drizzle-orm';
import { STEPS_AROUND_OTHERS } from '../../domain/definition/action-kind';
import type { RunError, StepRecord, StepStatus } from '../../domain/run/step-record';
import type { Executor } from '../executor';
import { hasElapsed } from '../elapsed';
import type { SealedRunSecret } from '../secrets';
import { newestArtifacts, type ArtifactView } from './artifacts';
import { IN_FLIGHT_SECONDS, type AttemptKey } from './attempts';

/*
 * The life of a step's row (`StepStatus`): running, waiting, and then success, failed, skipped or cancelled, which are
 * final. Only steps of open runs move. Some statements move other rows too:
 * - `beginStep` sets a waiting run back to running.
 * - `endAndBeginSent` ends one step and begins another.
 * - `endStep` sets a run to waiting when the step ran beside others and everything that is left of the run waits.
 * - When `writeJournal` cancels a step, it also cancels the steps inside it and deletes their waits.
 * - `endLastStep` and the statements that end a whole run are in `run-states.ts`, and `endForgottenWait` is in
 *   `wait-states.ts`. A retry inserts rows that have already ended (`take-over-steps.ts`).
 */

/** Identifies a step and describes it in its row. */
export interface StepNames {
  runId: string;
  path: string;
  actionId: string | null;
  kind: string;
  action: string | null;
  /** Selects the artifacts of the run that the step can read. */
  view: ArtifactView;
}

/** An artifact that a step created. */
export interface StoredArtifact {
  actionId: string | null;
  path: string;
  name: string;
  type: string;
  data: Record<string, unknown>;
  id: string;
}

/** The state of the run at the start of a step. */
export interface StepStart {
  /** False when the run has ended. The step must then not be carried out. */
  open: boolean;
  /** The stored outcome, if an earlier execution has already ended this step. */
  finished: { status: StepStatus; result: unknown; error: RunError | null } | null;
  /**
   * Number of attempts that were sent. For a step without calls, the number of attempts that have begun, including the
   * current attempt.
   */
  attempts: number;
  /**
   * Whether this attempt must not send, because a later attempt of this call has begun or another attempt is in flight.
   */
  superseded: boolean;
  /** Failure of the previous attempt. */
  lastError: RunError | null;
  artifacts: StoredArtifact[];
  /** Secrets that the run has used. Their values are masked in everything that the run stores. */
  secrets: SealedRunSecret[];
  /** Result of the wait at `waitPath`, or null. */
  wait: Record<string, unknown> | null;
  /** The decision that an earlier execution of this step stored in its trace. */
  decided: unknown;
}

interface BegunRow extends Record<string, unknown> {
  run_status: string;
  step: { status: StepStatus; result: unknown; error: RunError | null; decided: unknown } | null;
  attempts: number | null;
  token: string | null;
  artifacts: StoredArtifact[] | null;
  wait: Record<string, unknown> | null;
  secrets: SealedRunSecret[] | null;
}

/**
 * Opens a step in one statement: checks that the run is open, writes the step's row as `running`, counts the attempt
 * (unless it is an attempt at a call), and reads the artifacts created and the secrets used so far.
 * @param hold `hold` is for use inside a transaction. It locks the run's row until the transaction ends: a cancellation
 * waits until the effect is committed, and branches of one run exclude each other. `show` is for use in autocommit. It
 * makes the step visible while a call is in progress, and locks the run's row only for the statement. A run that is
 * being closed therefore gets no new step, which the close would not see and would leave open.
 */
export async function beginStep(
  tx: Executor,
  names: StepNames,
  hold: 'hold' | 'show',
  waitPath?: string,
  /**
   * Only for a call. The attempt becomes the step's current attempt, unless a later attempt of the same activity has
   * begun or another attempt was sent a moment ago. The attempt is counted when it is sent.
   */
  attempt?: AttemptKey,
): Promise<StepStart> {
  const { runId, path } = names;
  const key = attempt === undefined ? null : JSON.stringify(attempt);
  const result = await tx.execute<BegunRow>(sql`
    with run as materialized (
      select id, status from runs where id = ${runId} for no key update),
    awake as (
      update runs set status = 'running', seq = nextval('change_seq') from run
      where runs.id = run.id and run.status = 'waiting'),
    step as (
      insert into run_steps (run_id, path, action_id, kind, action, status, attempts, attempt, started_at)
      select id, ${path}, ${names.actionId}, ${names.kind}, ${names.action}, 'running', ${attempt ? 0 : 1}::int,
        ${key}::jsonb, clock_timestamp()
      from run where status in ('running', 'waiting')
      on conflict (run_id, path) do update set status = 'running', seq = nextval('change_seq'),
        attempts = run_steps.attempts + case when run_steps.kind = 'action' and ${key}::jsonb is null then 1 else 0 end,
        attempt = case when run_steps.attempt ->> 'of' = ${attempt?.of ?? null}
          and (run_steps.attempt ->> 'no')::int > ${attempt?.no ?? null}::int then run_steps.attempt
          when ${hold} = 'show' and not ${hasElapsed(
            sql`to_timestamp((run_steps.attempt ->> 'sentAt')::float8)`,
            IN_FLIGHT_SECONDS,
          )} then run_steps.attempt
          else coalesce(${key}::jsonb, run_steps.attempt) end
      where run_steps.status in ('pending', 'running', 'waiting')
      returning attempts, attempt ->> 'token' as token)
    select run.status as run_status, (select attempts from step) as attempts, (select token from step) as token,
      (select jsonb_build_object('status', s.status, 'result', s.result, 'error', s.error,
        'decided', s.trace -> 'evaluation')
        from run_steps s where s.run_id = ${runId} and s.path = ${path}) as step,
      (select jsonb_agg(jsonb_build_object('id', a.id, 'actionId', a.action_id, 'path', a.path, 'name', a.name,
        'type', a.type, 'data', a.data) order by a.id) from (${newestArtifacts(sql`${runId}`, names.view)}) as a) as artifacts,
      (select w.result from run_steps w where w.run_id = ${runId} and w.path = ${waitPath ?? null}) as wait,
      (select jsonb_agg(jsonb_build_object('source', u.source, 'sealed', u.sealed) order by u.source)
        from run_secrets u where u.run_id = ${runId}) as secrets
    from run`);
  return stepStartOf(result.rows[0], attempt);
}

/**
 * Returns the beginning of a statement that inserts the step of a call whose first attempt counts as sent. It ends
 * before `from`: the column `id` must be the run.
 */
export const insertSentStep = (
  { path, actionId, kind, action }: StepNames,
  key: AttemptKey,
  config: Record<string, unknown> | undefined,
): SQL => sql`
    insert into run_steps (run_id, path, action_id, kind, action, status, attempts, attempt, trace, started_at)
    select id, ${path}, ${actionId}, ${kind}, ${action}, 'running', 1,
      ${JSON.stringify(key)}::jsonb || jsonb_build_object('sentAt', extract(epoch from clock_timestamp())),
      ${JSON.stringify(config === undefined ? {} : { config })}::jsonb, clock_timestamp()`;

/**
 * Opens the step of a call and counts its first attempt as sent, in one statement. The caller must know the artifacts and
 * secrets of the run, because this statement does not read them. Returns false if the run has ended or an earlier attempt
 * has begun the step; the step is then unchanged. The statement can be repeated with the same key if its answer was lost.
 */
export async function beginSent(
  db: Executor,
  names: StepNames,
  key: AttemptKey,
  config?: Record<string, unknown>,
): Promise<boolean> {
  const begun = await db.execute(sql`
    with run as materialized (select id, status from runs where id = ${names.runId} for no key update),
    awake as (
      update runs set status = 'running', seq = nextval('change_seq') from run
      where runs.id = run.id and run.status = 'waiting')
    ${insertSentStep(names, key, config)} from run where status in ('running', 'waiting')
    on conflict (run_id, path) do update set seq = nextval('change_seq')
    where run_steps.status = 'running' and run_steps.attempt ->> 'token' = ${key.token}`);
  return begun.rowCount === 1;
}

/**
 * Ends a step, and begins the next one like `beginSent`, in one statement. Returns false if `endStep` or `beginSent`
 * would return false. The next step has then not begun, but the first one may have ended. The statement can be repeated
 * with the same key if its answer was lost.
 */
export async function endAndBeginSent(
  db: Executor,
  end: StepEnd,
  names: StepNames,
  key: AttemptKey,
  config?: Record<string, unknown>,
): Promise<boolean> {
  const next = sql`select 1 from run_steps n where n.run_id = ${names.runId} and n.path = ${names.path}`;
  // The counts make Postgres write the end and its artifact first. Their times are then not later than the beginning of the
  // next step, which can read the artifact (`scope-at.ts`).
  const begun = await db.execute(sql`
    with ${stepEndParts(end, sql`for no key update`)},
    ended as (${endedRow(end)} and not exists (${next}) returning run_id)
    ${insertSentStep(names, key, config)} from run
    where (select count(*) from made) >= 0 and ((select count(*) from ended) = 1
      or exists (${next} and n.status = 'running' and n.attempt ->> 'token' = ${key.token}))
    on conflict (run_id, path) do update set seq = nextval('change_seq')
    where run_steps.status = 'running' and run_steps.attempt ->> 'token' = ${key.token}`);
  return begun.rowCount === 1;
}

const ENDED: readonly string[] = ['success', 'failed', 'skipped', 'cancelled'];

/** Converts the result of `beginStep`. Without a row, the run does not exist and counts as not open. */
function stepStartOf(row: BegunRow | undefined, attempt: AttemptKey | undefined): StepStart {
  if (row === undefined) return { ...NO_RUN };
  const { step, token } = row;
  return {
    open: ['running', 'waiting'].includes(row.run_status),
    finished: step !== null && ENDED.includes(step.status) ? step : null,
    attempts: row.attempts ?? 1,
    superseded: attempt !== undefined && token !== null && token !== attempt.token,
    lastError: step?.error ?? null,
    artifacts: row.artifacts ?? [],
    wait: row.wait,
    secrets: row.secrets ?? [],
    decided: step?.decided ?? null,
  };
}

const NO_RUN: StepStart = {
  ...{ open: false, finished: null, attempts: 1, superseded: false, lastError: null },
  ...{ artifacts: [], wait: null, secrets: [], decided: null },
};

/** How a step ends, and what it produced. */
export interface StepEnd {
  runId: string;
  path: string;
  /** Whether other steps of the run may be in progress at the same time. */
  beside: boolean;
  status: Exclude<StepStatus, 'pending' | 'cancelled'>;
  result?: unknown;
  error?: RunError;
  trace?: unknown;
  artifact?: {
    id: string;
    actionId: string | null;
    name: string;
    type: string;
    data: Record<string, unknown>;
    /** Whether the artifact is stored closed, because this step ended its object or left the object untouched. */
    closed: boolean;
  };
  /**
   * Selects open artifacts of the automation to close, because this step ended the objects that they represent. An
   * artifact must have this type, and its data must contain `data`.
   */
  closes?: readonly { type: string; data: Record<string, unknown> }[];
}

const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value));

/**
 * Writes the outcome of a step in one statement, together with its artifact and the artifacts that it closes, if the
 * run is still open. With the status `running` or `waiting`, the step stays open. Returns false when the run or the
 * step has already ended.
 */
export async function endStep(tx: Executor, end: StepEnd): Promise<boolean> {
  const result = await tx.execute(sql`with ${stepEndParts(end, sql`for share`)} ${endedRow(end)}`);
  if (end.beside) await noteOnlyWaiting(tx, end.runId);
  return result.rowCount === 1;
}

/** Returns parts of a statement's `with`: the run, if it is open, and the writes to other tables when a step ends. */
export const stepEndParts = ({ runId, path, artifact, closes = [] }: StepEnd, lock: SQL): SQL => sql`
    run as materialized (
      select id, automation_id, context_key from runs
      where id = ${runId} and status in ('running', 'waiting') ${lock}),
    made as (
      insert into artifacts (id, run_id, automation_id, context_key, path, action_id, name, type, data, created_at,
        closed_at)
      select ${artifact?.id ?? null}::uuid, id, automation_id, context_key, ${path}, ${artifact?.actionId ?? null},
        ${artifact?.name ?? null}, ${artifact?.type ?? null}, ${json(artifact?.data)}::jsonb, clock_timestamp(),
        case when ${artifact?.closed ?? false} then clock_timestamp() end
      from run where ${artifact !== undefined}
      on conflict (run_id, path, name) do nothing
      returning id)
    ${closes.length === 0 ? sql`` : closing(closes)}`;

/**
 * Returns the update that ends a step. The same statement must contain the part `run`, which selects the run if it is
 * open.
 */
export const endedRow = ({ runId, path, status, result, error, trace }: StepEnd): SQL => sql`
    update run_steps set status = ${status}, result = ${json(result)}::jsonb, error = ${json(error)}::jsonb,
      trace = ${endedTrace(trace)}, seq = nextval('change_seq'),
      finished_at = ${status === 'running' || status === 'waiting' ? sql`null` : sql`clock_timestamp()`}
    where run_id = ${runId} and path = ${path} and status in ('pending', 'running', 'waiting')
      and exists (select 1 from run)`;

/** Merges the trace with what an action's attempts have stored in it (`attempts.ts`). */
const endedTrace = (trace: unknown): SQL => sql`
  coalesce(case when kind = 'action' then trace end, '{}'::jsonb) || ${JSON.stringify(trace ?? {})}::jsonb`;

/**
 * Returns the part that closes artifacts. It is left out of statements that close no artifact, so that they do not read
 * the open artifacts.
 */
const closing = (closes: StepEnd['closes']) => sql`, closed as (
      update artifacts a set closed_at = clock_timestamp() from run
      where a.automation_id = run.automation_id and a.closed_at is null
        and exists (select 1 from jsonb_array_elements(${json(closes)}::jsonb) c
          where a.type = c ->> 'type' and a.data @> (c -> 'data')))`;

/**
 * Marks a run as waiting when a step that ran beside others has ended and all remaining steps are waiting. Skips the
 * row when another transaction has locked it, for example when two branches end together.
 */
async function noteOnlyWaiting(tx: Executor, runId: string): Promise<void> {
  await tx.execute(sql`
    update runs set status = 'waiting', seq = nextval('change_seq') where id in (
      select r.id from runs r where r.id = ${runId} and r.status = 'running'
        and exists (select 1 from run_steps s where s.run_id = r.id and s.status = 'waiting')
        and not exists (select 1 from run_steps s where s.run_id = r.id and s.status = 'running'
          and s.kind <> all(${`{${STEPS_AROUND_OTHERS.join(',')}}`}::text[]))
      for no key update skip locked)`);
}

/**
 * Writes the steps that an execution has recorded. Idempotent: a replayed chain writes the same rows again, and a row
 * that has ended does not change. When the run has ended, only cancellations in the journal have an effect. Cancelling
 * a step also cancels the steps and waits inside it, including those that the workflow has not recorded because the
 * activity that began them was cancelled. The stored times are those of this write, a few milliseconds late, because
 * workflow time does not advance within a workflow task.
 */
export async function writeJournal(tx: Executor, runId: string, journal: readonly StepRecord[]): Promise<void> {
  if (journal.length === 0) return;
  const latest = new Map(journal.map((record) => [record.path, record]));
  // The lock makes a concurrent close of the run wait for these rows, or these rows find the run closed.
  await tx.execute(sql`
    with run as materialized (
      select id from runs where id = ${runId} and status in ('running', 'waiting') for no key update)
    insert into run_steps (run_id, path, action_id, kind, action, status, result, error, started_at, finished_at)
    select run.id, j.path, j."actionId", j.kind, j.action, j.status, j.result, j.error, clock_timestamp(),
      case when j.status in ('running', 'waiting') then null else clock_timestamp() end
    from run, jsonb_to_recordset(${JSON.stringify([...latest.values()])}::jsonb) as j(path text, "actionId" text, kind text,
      action text, status text, result jsonb, error jsonb)
    on conflict (run_id, path) do update set status = excluded.status, finished_at = excluded.finished_at,
      result = coalesce(excluded.result, run_steps.result), error = coalesce(excluded.error, run_steps.error),
      seq = nextval('change_seq')
    where run_steps.status in ('pending', 'running', 'waiting')`);
  const left = [...latest.values()].filter(({ status }) => status === 'cancelled').map(({ path }) => path);
  if (left.length > 0) await cancelAt(tx, runId, left);
}

async function cancelAt(tx: Executor, runId: string, paths: readonly string[]): Promise<void> {
  const isWithin = sql`exists (select 1 from jsonb_array_elements_text(${JSON.stringify(paths)}::jsonb) as p
    where path = p or starts_with(path, p || '.'))`;
  await tx.execute(sql`
    with waits_gone as (delete from waits where run_id = ${runId} and ${isWithin})
    update run_steps set status = 'cancelled', finished_at = clock_timestamp(), seq = nextval('change_seq')
    where run_id = ${runId} and status in ('pending', 'running', 'waiting') and ${isWithin}`);
}
