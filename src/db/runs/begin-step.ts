import { sql } from 'drizzle-orm';
import type { RunError, StepStatus } from '../../domain/run/step-record';
import type { Executor } from '../executor';
import type { SealedRunSecret } from '../secrets';
import { IN_FLIGHT_SECONDS, type AttemptKey } from './attempts';
import { newestArtifacts, type ArtifactView } from './artifacts';

/** Names of a step in its row. */
export interface StepNames {
  runId: string;
  path: string;
  actionId: string | null;
  kind: string;
  action: string | null;
  /** Artifacts of the run that the step sees. */
  view: ArtifactView;
}

export interface StoredArtifact {
  actionId: string | null;
  path: string;
  name: string;
  type: string;
  data: Record<string, unknown>;
  id: string;
}

/** The run as a step finds it. */
export interface StepStart {
  /** False: the run has ended, the step must not happen. */
  open: boolean;
  /** A row that has ended already: an earlier execution of this same step did it; its outcome stands. */
  finished: { status: StepStatus; result: unknown; error: RunError | null } | null;
  /** Attempts so far: those that were sent, or of a step without calls those that began, this one included. */
  attempts: number;
  /** A later attempt of this call has begun, or another one is in flight: this one must not send. */
  superseded: boolean;
  /** What the last attempt failed with. */
  lastError: RunError | null;
  artifacts: StoredArtifact[];
  /** What the run has used and what is hidden in everything it leaves. */
  secrets: SealedRunSecret[];
  /** Result of the wait at `waitPath`; null when there is none. */
  wait: Record<string, unknown> | null;
  /** What an earlier execution of this step decided, kept in its trace. */
  decided: unknown;
}

interface Row extends Record<string, unknown> {
  run_status: string;
  step: { status: StepStatus; result: unknown; error: RunError | null; decided: unknown } | null;
  attempts: number | null;
  token: string | null;
  artifacts: StoredArtifact[] | null;
  wait: Record<string, unknown> | null;
  secrets: SealedRunSecret[] | null;
}

/**
 * Opens a step in one statement: checks that the run is open, writes the step's row as `running`, counts the attempt, and
 * reads the artifacts made so far.
 * @param hold `hold`, inside a transaction: locks the run's row, so that a cancel waits until the effect is committed, and
 * branches of one run take turns. `show`, in autocommit: shows people the step while a call is under way.
 */
export async function beginStep(
  tx: Executor,
  names: StepNames,
  hold: 'hold' | 'show',
  waitPath?: string,
  /**
   * Of a call: becomes the step's current attempt unless a later one of the same activity is, or another one was sent a moment
   * ago. Counted when sent.
   */
  attempt?: AttemptKey,
): Promise<StepStart> {
  const { runId, path } = names;
  const key = attempt === undefined ? null : JSON.stringify(attempt);
  const result = await tx.execute<Row>(sql`
    with run as materialized (
      select id, status from runs where id = ${runId} ${hold === 'hold' ? sql`for no key update` : sql``}),
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
          when ${hold} = 'show' and (run_steps.attempt ->> 'sentAt')::float8
            > extract(epoch from clock_timestamp()) - ${IN_FLIGHT_SECONDS} then run_steps.attempt
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

const ENDED: readonly string[] = ['success', 'failed', 'skipped', 'cancelled'];

/** Reads the answer of `beginStep`; without a row the run does not exist and is not open. */
function stepStartOf(row: Row | undefined, attempt: AttemptKey | undefined): StepStart {
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
