import { and, desc, eq, gt, inArray, or, sql, type SQL } from 'drizzle-orm';
import type { Executor } from './executor';
import { whereRuns, type RunFilter, type RunPosition } from './run-filter';
import { CUSTOM_TYPE, matchingIds } from './run-search';
import { automations } from './tables/automations';
import { artifacts, runs, runSteps, type RunStatus } from './tables/runs';

const columns = {
  id: runs.id,
  automationId: runs.automationId,
  automationName: automations.name,
  version: runs.version,
  status: runs.status,
  endedBy: runs.endedBy,
  error: runs.error,
  triggerId: runs.triggerId,
  triggerEvent: runs.triggerEvent,
  customType: sql<string | null>`${CUSTOM_TYPE}`,
  contextKey: runs.contextKey,
  parentRunId: runs.parentRunId,
  causedBy: runs.causedBy,
  depth: runs.depth,
  workflowId: runs.workflowId,
  executionRunId: runs.executionRunId,
  /** ISO 8601 with microseconds. */
  createdAt: sql<string>`to_char(${runs.createdAt} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`,
  startedAt: runs.startedAt,
  finishedAt: runs.finishedAt,
  seq: runs.seq,
};

export type RunRow = Awaited<ReturnType<typeof listRuns>>[number];
export type RunStepRow = typeof runSteps.$inferSelect;

/** Returns whether a status is final. */
export function isTerminal(status: RunStatus): boolean {
  return status === 'success' || status === 'failed' || status === 'cancelled';
}

/** Returns up to `limit` runs below the position `before`, ordered by creation time from newest to oldest. */
export async function listRuns(
  db: Executor,
  filter: RunFilter,
  page: { limit: number; before?: RunPosition | undefined },
) {
  const ids = await matchingIds(db, filter, page);
  return selectRuns(db, sql`${runs.id} in (${ids})`).orderBy(desc(runs.createdAt), desc(runs.id));
}

/** Returns a run, or undefined. */
export async function getRun(db: Executor, id: string): Promise<RunRow | undefined> {
  const rows = await selectRuns(db, eq(runs.id, id));
  return rows[0];
}

/** Returns up to `limit` steps of a run after a position, ordered by position. */
export async function stepsAfter(db: Executor, runId: string, after: number, limit: number): Promise<RunStepRow[]> {
  return db
    .select()
    .from(runSteps)
    .where(and(eq(runSteps.runId, runId), gt(runSteps.seq, after)))
    .orderBy(runSteps.seq)
    .limit(limit);
}

/**
 * Returns the highest position that is not among the newest `count` steps of a run. Returns undefined when the run has
 * no more than `count` steps.
 */
export async function positionBelowNewestSteps(
  db: Executor,
  runId: string,
  count: number,
): Promise<number | undefined> {
  const rows = await db
    .select({ seq: runSteps.seq })
    .from(runSteps)
    .where(eq(runSteps.runId, runId))
    .orderBy(desc(runSteps.seq))
    .offset(count)
    .limit(1);
  return rows[0]?.seq;
}

/** Returns the steps sorted by path. Numbers in paths are compared as numbers. */
export function byPlace(steps: readonly RunStepRow[]): RunStepRow[] {
  const collator = new Intl.Collator('en', { numeric: true });
  return [...steps].sort((a, b) => collator.compare(a.path, b.path));
}

/** Position in the order of execution. */
export interface StepCursor {
  beganSeq: number;
  path: string;
}

/**
 * Returns up to `limit` steps in the order in which they began. `path` limits the result to that step and all steps
 * inside it. `after` is the last step of the previous page.
 */
export async function stepPage(
  db: Executor,
  runId: string,
  { path, limit, after }: { path?: string | undefined; limit: number; after?: StepCursor | undefined },
): Promise<RunStepRow[]> {
  const inside = (place: string) =>
    or(
      eq(runSteps.path, place),
      sql`starts_with(${runSteps.path}, ${`${place}.`})`,
      sql`starts_with(${runSteps.path}, ${`${place}[`})`,
    );
  return db
    .select()
    .from(runSteps)
    .where(
      and(
        eq(runSteps.runId, runId),
        path === undefined ? undefined : inside(path),
        after === undefined
          ? undefined
          : sql`(${runSteps.beganSeq}, ${runSteps.path}) > (${after.beganSeq}::bigint, ${after.path})`,
      ),
    )
    .orderBy(runSteps.beganSeq, runSteps.path)
    .limit(limit);
}

/** Returns the artifacts of a run from oldest to newest. */
export async function artifactsOf(db: Executor, runId: string) {
  return db.select().from(artifacts).where(eq(artifacts.runId, runId)).orderBy(artifacts.id);
}

/**
 * Returns the ids of matching runs from newest to oldest. A caller that ends runs in this order ends queued runs before
 * the runs whose end would start them.
 */
export async function matchingRunIds(db: Executor, filter: RunFilter): Promise<string[]> {
  const rows = await db
    .select({ id: runs.id })
    .from(runs)
    .where(whereRuns(filter))
    .orderBy(desc(runs.createdAt), desc(runs.id));
  return rows.map((row) => row.id);
}

/** Returns which of the given runs were retried, whether or not the retry succeeded. */
export async function retriedAmong(db: Executor, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await db
    .select({ id: runs.parentRunId })
    .from(runs)
    .where(sql`${runs.parentRunId} = any(${`{${ids.join(',')}}`}::uuid[])`);
  return new Set(rows.flatMap(({ id }) => (id === null ? [] : [id])));
}

/** Returns the runs whose rows are at these positions of the stream. */
export async function runsAt(db: Executor, seqs: readonly number[]): Promise<RunRow[]> {
  return seqs.length === 0 ? [] : selectRuns(db, inArray(runs.seq, [...seqs]));
}

/** Returns the steps whose rows are at these positions of the stream. */
export async function stepsAt(db: Executor, seqs: readonly number[]): Promise<RunStepRow[]> {
  return seqs.length === 0
    ? []
    : db
        .select()
        .from(runSteps)
        .where(inArray(runSteps.seq, [...seqs]));
}

function selectRuns(db: Executor, where: SQL | undefined) {
  return db.select(columns).from(runs).innerJoin(automations, eq(automations.id, runs.automationId)).where(where);
}
