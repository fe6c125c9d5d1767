import { sql } from 'drizzle-orm';
import type { StepEvaluation } from '../../domain/run/activities';
import type { RunError, StepStatus } from '../../domain/run/step-record';
import type { Executor } from '../executor';

/** The outcome of a step, as its row stores it. */
export interface StoredOutcome {
  status: StepStatus;
  error: RunError | null;
  /** The decision of an evaluated step, such as a condition or a loop. */
  decided: unknown;
}

/** Returns the outcomes of a run's steps, by path. Returns null when the run itself has not ended successfully. */
export async function outcomesOf(db: Executor, runId: string): Promise<Map<string, StoredOutcome> | null> {
  const result = await db.execute<{ path: string } & StoredOutcome & Record<string, unknown>>(sql`
    select s.path, s.status, case when s.status = 'failed' then s.error end as error, s.trace -> 'evaluation' as decided
    from runs r left join run_steps s on s.run_id = r.id where r.id = ${runId} and r.status = 'success'`);
  if (result.rows.length === 0) return null;
  return new Map(result.rows.map(({ path, ...outcome }) => [path, outcome]));
}

/** Returns the variables that a run's steps have set. Values from later steps override those from earlier steps. */
export async function variablesSet(db: Executor, runId: string): Promise<Record<string, unknown>> {
  const result = await db.execute<{ names: string[]; variables: Record<string, unknown> }>(sql`
    select array(select jsonb_object_keys(result)) as names, trace -> 'evaluation' -> 'variables' as variables
    from run_steps where run_id = ${runId} and kind = 'variables' and status = 'success'
      and jsonb_typeof(result) = 'object' and trace -> 'evaluation' -> 'variables' is not null order by began_seq`);
  return Object.fromEntries(
    result.rows.flatMap(({ names, variables }) => names.map((name) => [name, variables[name]] as const)),
  );
}

/**
 * Returns the decision that is stored in the row of an open step, or null. The row of a loop contains only the latest
 * decision. For an earlier iteration, this decision shows that the loop continued.
 */
export function decidedBefore(decided: unknown, iteration: number | undefined): StepEvaluation | null {
  const before = (decided as StepEvaluation | null | undefined) ?? null;
  if (before?.type !== 'repeat' || iteration === undefined || before.iteration === iteration) return before;
  return (before.iteration ?? -1) > iteration ? { type: 'repeat', iteration, goesOn: true } : null;
}

/**
 * Returns whether this execution has already ended the run successfully. This happens when a worker dies before it can
 * report the end.
 */
export async function wasEndedBy(db: Executor, runId: string, executionRunId: string): Promise<boolean> {
  const result = await db.execute(sql`
    select 1 from runs where id = ${runId} and execution_run_id = ${executionRunId} and status = 'success'`);
  return result.rows.length > 0;
}
