import { sql, type SQL } from 'drizzle-orm';
import { STEPS_AROUND_OTHERS } from '../../domain/definition/action-kind';
import type { RunError } from '../../domain/run/step-record';
import type { Executor } from '../executor';
import type { Bucket } from './bucket';
import { leftByRun, type RunEnded } from './finish';

/** How a step ended, with what it leaves. */
export interface StepEnd {
  runId: string;
  path: string;
  /** Other steps of the run may run beside this one. */
  beside: boolean;
  status: 'running' | 'waiting' | 'success' | 'failed' | 'skipped';
  result?: unknown;
  error?: RunError;
  trace?: unknown;
  artifact?: {
    id: string;
    actionId: string | null;
    name: string;
    type: string;
    data: Record<string, unknown>;
    /** Made as closed: the step ended what it stands for. */
    closed: boolean;
  };
  /** Open artifacts of the automation that this step ended the life of: those whose data contain this. */
  closes?: readonly { type: string; data: Record<string, unknown> }[];
}

const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value));

/**
 * Ends a step in one statement, together with its artifact, if and only if the run is still open. False = the run has
 * ended meanwhile: what the step did stays unseen by later steps, of which there are none.
 */
export async function endStep(tx: Executor, end: StepEnd): Promise<boolean> {
  const result = await tx.execute(sql`with ${leftByStep(end, sql`for share`)} ${endedRow(end)}`);
  if (end.beside) await noteOnlyWaiting(tx, end.runId);
  return result.rowCount === 1;
}

/**
 * Ends the last step of a run as a success, and the run with it, in one statement: one commit less than `endStep` and
 * `finishRun`. The run ends only if the step did, so an attempt that another one was faster than changes nothing. Like
 * `finishRun` without a lock of the bucket.
 */
export async function endLastStep(tx: Executor, end: StepEnd, bucket: Bucket): Promise<RunEnded> {
  const result = await tx.execute<RunEnded & Record<string, unknown>>(sql`
    with ${leftByStep(end, sql`for no key update`)},
    step as (${endedRow(end)} returning run_id),
    ended as (
      update runs set status = 'success', finished_at = clock_timestamp(), seq = nextval('change_seq'), ended_by = null,
        error = null
      where id in (select run_id from step) and status in ('running', 'waiting')
      returning id),
    ${leftByRun(bucket, end.runId, sql`path <> ${end.path}`)}
    select exists (select 1 from ended) as ended, (select id from next) as next`);
  return result.rows[0] ?? { ended: false, next: null };
}

/** The run, if it is open, and what the step leaves beside its row: parts of a statement's `with`. */
const leftByStep = ({ runId, path, artifact, closes = [] }: StepEnd, lock: SQL): SQL => sql`
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
      on conflict (run_id, path, name) do nothing)
    ${closes.length === 0 ? sql`` : closing(closes)}`;

const endedRow = ({ runId, path, status, result, error, trace }: StepEnd): SQL => sql`
    update run_steps set status = ${status}, result = ${json(result)}::jsonb, error = ${json(error)}::jsonb,
      trace = ${json(trace)}::jsonb, seq = nextval('change_seq'),
      finished_at = ${status === 'running' || status === 'waiting' ? sql`null` : sql`clock_timestamp()`}
    where run_id = ${runId} and path = ${path} and status in ('pending', 'running', 'waiting')
      and exists (select 1 from run)`;

/** Only for the steps that close something: the others need not look through what is open. */
const closing = (closes: StepEnd['closes']) => sql`, closed as (
      update artifacts a set closed_at = clock_timestamp() from run
      where a.automation_id = run.automation_id and a.closed_at is null
        and exists (select 1 from jsonb_array_elements(${json(closes)}::jsonb) c
          where a.type = c ->> 'type' and a.data @> (c -> 'data')))`;

/** A step ended beside others: when all that is left of the run waits, so does the run. Branches that end together skip it. */
async function noteOnlyWaiting(tx: Executor, runId: string): Promise<void> {
  await tx.execute(sql`
    update runs set status = 'waiting', seq = nextval('change_seq') where id in (
      select r.id from runs r where r.id = ${runId} and r.status = 'running'
        and exists (select 1 from run_steps s where s.run_id = r.id and s.status = 'waiting')
        and not exists (select 1 from run_steps s where s.run_id = r.id and s.status = 'running'
          and s.kind <> all(${`{${STEPS_AROUND_OTHERS.join(',')}}`}::text[]))
      for no key update skip locked)`);
}
