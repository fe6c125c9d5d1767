import { sql } from 'drizzle-orm';
import { STEPS_AROUND_OTHERS } from '../../domain/definition/action-kind';
import type { RunError } from '../../domain/run/step-record';
import type { Executor } from '../executor';

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
  const { runId, path, beside, artifact, closes = [] } = end;
  const finished = end.status === 'running' || end.status === 'waiting' ? sql`null` : sql`clock_timestamp()`;
  const result = await tx.execute(sql`
    with run as materialized (
      select id, automation_id, context_key from runs
      where id = ${runId} and status in ('running', 'waiting') for share),
    made as (
      insert into artifacts (id, run_id, automation_id, context_key, path, action_id, name, type, data, created_at,
        closed_at)
      select ${artifact?.id ?? null}::uuid, id, automation_id, context_key, ${path}, ${artifact?.actionId ?? null},
        ${artifact?.name ?? null}, ${artifact?.type ?? null}, ${json(artifact?.data)}::jsonb, clock_timestamp(),
        case when ${artifact?.closed ?? false} then clock_timestamp() end
      from run where ${artifact !== undefined}
      on conflict (run_id, path, name) do nothing)
    ${closes.length === 0 ? sql`` : closing(closes)}
    update run_steps set status = ${end.status}, result = ${json(end.result)}::jsonb, error = ${json(end.error)}::jsonb,
      trace = ${json(end.trace)}::jsonb, finished_at = ${finished}, seq = nextval('change_seq')
    where run_id = ${runId} and path = ${path} and status in ('pending', 'running', 'waiting')
      and exists (select 1 from run)`);
  if (beside) await noteOnlyWaiting(tx, runId);
  return result.rowCount === 1;
}

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
