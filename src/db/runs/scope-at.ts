import { sql } from 'drizzle-orm';
import type { Definition } from '../../domain/definition/schema';
import { isBeside, iterationsOf, lanesAround } from '../../domain/run/lanes';
import { inSiblingBranches } from '../../domain/run/path';
import type { Executor } from '../executor';

/** The values that the expressions of one of a run's steps could read. */
export interface RecordedContext {
  automation: { id: string; name: string; group: string | null };
  contextKey: string | null;
  trigger: Record<string, unknown>;
  run: { id: string; startedAt: string | null };
  variables: Record<string, unknown>;
  artifacts: { actionId: string | null; name: string; data: Record<string, unknown> }[];
  /** Result of the last wait before the step. */
  wait: Record<string, unknown> | null;
  /** The state of the innermost loop around the step. */
  repeat: Record<string, unknown> | null;
  /** Whether the step has begun. If not, the variables and artifacts are the run's latest. */
  begun: boolean;
}

interface Row extends Record<string, unknown> {
  automation_id: string;
  name: string;
  group: string | null;
  context_key: string | null;
  trigger_scope: Record<string, unknown>;
  variables: Record<string, unknown>;
  started_at: string | null;
  step_at: string | null;
  /** Null for versions that retention has removed. */
  definition: Pick<Definition, 'actions' | 'on_failure'> | null;
  artifacts: (RecordedContext['artifacts'][number] & { path: string })[] | null;
  written: { path: string; variables: Record<string, unknown> }[] | null;
  waits: { path: string; result: Record<string, unknown> }[] | null;
  loop: { total?: number; items?: unknown[] } | null;
}

/**
 * Returns the path of the innermost loop around a step, and the iteration to which the step belongs. Returns null
 * outside of loops.
 */
function loopAround(path: string | null): { path: string; index: number } | null {
  const [, loop, index] = /^(.*)\.repeat\[(\d+)\]/.exec(path ?? '') ?? [];
  return loop === undefined ? null : { path: loop, index: Number(index) };
}

/**
 * Returns the `repeat` value of an iteration. It equals the value that the loop passes to its steps in the workflow.
 */
function repeatAt(index: number, { total, items }: NonNullable<Row['loop']>): Record<string, unknown> {
  return {
    ...{ index, first: index === 0 },
    ...(total === undefined ? {} : { last: index === total - 1 }),
    ...(items === undefined ? {} : { item: items[index] }),
  };
}

/** Returns the artifacts sorted by action, and within one action by iteration rather than by time. */
function inOrderOfItems(artifacts: NonNullable<Row['artifacts']>): RecordedContext['artifacts'] {
  const byIteration = (one: number[], other: number[]) =>
    one.map((n, at) => n - (other[at] ?? 0)).find((n) => n !== 0) ?? 0;
  return artifacts
    .map(({ path, ...artifact }) => ({ artifact, action: artifact.actionId ?? '', iterations: iterationsOf(path) }))
    .toSorted((one, other) => one.action.localeCompare(other.action) || byIteration(one.iterations, other.iterations))
    .map(({ artifact }) => artifact);
}

/**
 * Returns the scope at the start of the step at `path`, rebuilt from the rows of the run. If `path` is null, returns
 * the latest scope of the run. Returns null when the run does not exist. Variables that were set by concurrent branches
 * are left out.
 */
export async function scopeAt(db: Executor, runId: string, path: string | null): Promise<RecordedContext | null> {
  const loop = loopAround(path);
  const result = await db.execute<Row>(sql`
    with step as (select started_at from run_steps where run_id = ${runId} and path = ${path})
    select (select v.definition from automation_versions v
        where v.automation_id = r.automation_id and v.version = r.version) as definition,
      r.automation_id, a.name, a."group", r.context_key, r.trigger_scope, r.variables, r.started_at,
      (select started_at from step) as step_at,
      (select jsonb_agg(jsonb_build_object('actionId', f.action_id, 'path', f.path, 'name', f.name, 'data', f.data)
          order by f.id)
        from artifacts f where f.run_id = r.id and f.path is distinct from ${path}
          and f.created_at <= coalesce((select started_at from step), 'infinity')) as artifacts,
      (select jsonb_agg(jsonb_build_object('path', s.path, 'variables', s.trace -> 'evaluation' -> 'variables')
          order by s.finished_at desc, s.seq desc)
        from run_steps s where s.run_id = r.id and s.kind = 'variables' and s.status = 'success'
          and s.finished_at <= coalesce((select started_at from step), 'infinity')) as written,
      (select jsonb_agg(jsonb_build_object('path', s.path, 'result', s.result) order by s.finished_at desc, s.seq desc)
        from run_steps s where s.run_id = r.id and s.kind in ('wait_until', 'wait_for_trigger')
          and (s.status = 'success' or s.status = 'failed' and s.error ->> 'code' = 'wait_timeout')
          and s.finished_at <= coalesce((select started_at from step), 'infinity')) as waits,
      (select s.trace -> 'evaluation' from run_steps s where s.run_id = r.id and s.path = ${loop?.path ?? null}) as loop
    from runs r join automations a on a.id = r.automation_id where r.id = ${runId}`);
  const row = result.rows[0];
  if (!row) return null;
  const lanes = path === null || row.definition === null ? [] : lanesAround(row.definition, path);
  const isVisible = (each: { path: string }) =>
    path === null || !(inSiblingBranches(each.path, path) || lanes.some((lane) => isBeside(lane, each.path)));
  const visible = (row.written ?? []).find(isVisible);
  return {
    automation: { id: row.automation_id, name: row.name, group: row.group },
    contextKey: row.context_key,
    trigger: row.trigger_scope,
    run: { id: runId, startedAt: row.started_at === null ? null : new Date(row.started_at).toISOString() },
    variables: visible?.variables ?? row.variables,
    artifacts: inOrderOfItems(
      (row.artifacts ?? []).filter(({ path: at }) => !lanes.some((lane) => isBeside(lane, at))),
    ),
    wait: (row.waits ?? []).find(isVisible)?.result ?? null,
    repeat: loop === null ? null : repeatAt(loop.index, row.loop ?? {}),
    begun: row.step_at !== null,
  };
}
