import { sql } from 'drizzle-orm';
import { WHOLE_AUTOMATION } from '../../domain/run/bucket';
import type { Executor } from '../executor';
import type { RunRequest } from './run-request';
import { ACTIVE, type Bucket } from './bucket';

/** What decides about a run that asks to exist, as of a statement under its bucket's lock. */
export interface RunStanding {
  /** The automation exists and may run. */
  runnable: boolean;
  /** Its automation, trigger and change have made a run before. */
  duplicate: boolean;
  /** Active runs of its bucket. */
  active: number;
  newest: string | null;
  /** The automation's name in workflow ids. */
  slug: string;
}

/** A row of `runs` to insert. */
export interface RunInsert {
  request: RunRequest;
  scopeKey: string;
  workflowId: string;
  /** False = it is queued after another run, or was replaced in the same batch. */
  startNow: boolean;
  /** Set when a later request of the same batch replaced it: the row is inserted as `cancelled`. */
  endedBy: Record<string, unknown> | null;
}

/** Reads what decides about each request, in their order. The caller holds the locks of all the buckets. */
export async function readStandings(
  tx: Executor,
  asked: readonly { request: RunRequest; bucket: Bucket }[],
): Promise<RunStanding[]> {
  const records = asked.map(({ request, bucket }, ord) => ({
    ...{ ord, automation_id: bucket.automationId, scope_key: bucket.scopeKey },
    ...{ trigger_id: request.triggerId, change_id: request.changeId, even: request.evenIfDisabled ?? false },
  }));
  const result = await tx.execute<RunStanding & Record<string, unknown>>(sql`
    with asked as materialized (
      select ord, automation_id, scope_key, trigger_id, change_id, even
      from jsonb_to_recordset(${JSON.stringify(records)}::jsonb) as r(ord int, automation_id uuid,
        scope_key text, trigger_id text, change_id uuid, even boolean)),
    buckets as materialized (
      select b.automation_id, b.scope_key, n.active, n.newest
      from (select distinct automation_id, scope_key from asked) b cross join lateral (
        select count(*)::int as active, max(r.id::text) as newest from runs r
        where r.automation_id = b.automation_id and r.status in ${ACTIVE}
          and (b.scope_key = ${WHOLE_AUTOMATION} or coalesce(r.context_key, '') = b.scope_key)) n)
    select coalesce(a.deleted_at is null and (a.status = 'enabled' or q.even), false) as runnable,
      q.change_id is not null and exists (select 1 from runs r where r.automation_id = q.automation_id
        and r.trigger_id = q.trigger_id and r.change_id = q.change_id) as duplicate,
      b.active, b.newest, coalesce(a.slug, q.automation_id::text) as slug
    from asked q join buckets b using (automation_id, scope_key) left join automations a on a.id = q.automation_id order by q.ord`);
  return result.rows;
}

/** Inserts rows of runs in one statement; their `seq` follows the given order. */
export async function insertRuns(tx: Executor, rows: readonly RunInsert[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.execute(sql`
    insert into runs (id, automation_id, version, scope_key, mode, status, trigger_id, trigger_event, change_id,
      context_key, trigger_scope, variables, parent_run_id, root_run_id, caused_by, depth, workflow_id,
      start_at, start_attempted_at, created_at, finished_at, ended_by)
    select id, automation_id, version, scope_key, mode, case when ended_by is null then 'pending' else 'cancelled' end,
      trigger_id, trigger_event, change_id, context_key, trigger_scope, variables, parent_run_id, root_run_id, caused_by,
      depth, workflow_id, case when start_now then clock_timestamp() end,
      case when attempted then clock_timestamp() end, clock_timestamp(),
      case when ended_by is not null then clock_timestamp() end, ended_by
    from jsonb_to_recordset(${JSON.stringify(rows.map(toRecord))}::jsonb) as r(ord int, id uuid, automation_id uuid,
      version int, scope_key text, mode text, trigger_id text, trigger_event text, change_id uuid, context_key text,
      trigger_scope jsonb, variables jsonb, parent_run_id uuid, root_run_id uuid, caused_by uuid, depth int,
      workflow_id text, start_now boolean, attempted boolean, ended_by jsonb)
    order by ord`);
}

function toRecord({ request, scopeKey, workflowId, startNow, endedBy }: RunInsert, ord: number) {
  return {
    ...{ ord, id: request.id, automation_id: request.automationId, version: request.version, scope_key: scopeKey },
    ...{ mode: request.mode, trigger_id: request.triggerId, trigger_event: request.triggerEvent },
    ...{ change_id: request.changeId, context_key: request.contextKey },
    ...{ trigger_scope: request.trigger, variables: request.variables },
    ...{ parent_run_id: request.parentRunId ?? null, root_run_id: request.rootRunId ?? request.id },
    ...{ caused_by: request.causedBy, depth: request.depth, workflow_id: workflowId, start_now: startNow },
    ...{ attempted: startNow && (request.callerStarts ?? false), ended_by: endedBy },
  };
}
