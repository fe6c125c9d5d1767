import { sql } from 'drizzle-orm';
import type { Executor } from '../executor';
import { activeIn, type Bucket } from './bucket';
import type { RunRequest } from './run-request';

/** The facts on which the decision about a requested run depends, read under the lock of its bucket. */
export interface RunStanding {
  /** Whether the automation exists and may run. */
  runnable: boolean;
  /** Whether the same automation, trigger and change have already started a run. */
  duplicate: boolean;
  /** Number of active runs of its bucket. */
  active: number;
  newest: string | null;
  /** The automation's name in workflow ids. */
  slug: string;
}

/** Reads the facts for each request, in the order of the requests. The caller holds the locks of all the buckets. */
export async function readStandings(
  tx: Executor,
  requested: readonly { request: RunRequest; bucket: Bucket }[],
): Promise<RunStanding[]> {
  const records = requested.map(({ request, bucket }, ord) => ({
    ...{ ord, automation_id: bucket.automationId, scope_key: bucket.scopeKey },
    ...{ trigger_id: request.triggerId, change_id: request.changeId, even: request.evenIfDisabled ?? false },
  }));
  const result = await tx.execute<RunStanding & Record<string, unknown>>(sql`
    with requested as materialized (
      select ord, automation_id, scope_key, trigger_id, change_id, even
      from jsonb_to_recordset(${JSON.stringify(records)}::jsonb) as r(ord int, automation_id uuid,
        scope_key text, trigger_id text, change_id uuid, even boolean)),
    buckets as materialized (
      select b.automation_id, b.scope_key, n.active, n.newest
      from (select distinct automation_id, scope_key from requested) b cross join lateral (
        select count(*)::int as active, max(each.id::text) as newest from (${activeIn('b')}) each) n)
    select coalesce(a.deleted_at is null and (a.status = 'enabled' or q.even), false) as runnable,
      q.change_id is not null and exists (select 1 from runs r where r.automation_id = q.automation_id
        and r.trigger_id = q.trigger_id and r.change_id = q.change_id) as duplicate,
      b.active, b.newest, coalesce(a.slug, q.automation_id::text) as slug
    from requested q join buckets b using (automation_id, scope_key) left join automations a on a.id = q.automation_id order by q.ord`);
  return result.rows;
}
