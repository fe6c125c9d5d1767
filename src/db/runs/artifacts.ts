import { sql, type SQL } from 'drizzle-orm';
import { loopOf } from '../../domain/run/lanes';
import type { Executor } from '../executor';

/** The artifacts of its run that a step sees. */
export interface ArtifactView {
  /** Lanes around the step. Artifacts of the iterations beside them are left out. */
  lanes: readonly string[];
  /**
   * Whether the definition has lanes: the newest artifact is then that of the last item, which may have been created
   * earlier.
   */
  byItem: boolean;
}

/**
 * Selects the newest artifact of each action and name that a step sees. Loops create thousands of older ones, to which
 * later steps cannot refer.
 */
export function newestArtifacts(runId: SQL, { lanes, byItem }: ArtifactView): SQL {
  const beside = lanes.map(
    (lane) => sql`and (not starts_with(path, ${loopOf(lane)}) or starts_with(path, ${`${lane}.`}))`,
  );
  const iterations = sql`array(select (m[1])::int from regexp_matches(path, '\\.repeat\\[(\\d+)\\]', 'g') as m) desc,`;
  return sql`
    select distinct on (action_id, type, name) id, action_id, path, type, name, data from artifacts
    where run_id = ${runId} ${sql.join(beside, sql` `)}
    order by action_id, type, name, ${byItem ? iterations : sql``} id desc`;
}

/** Returns the artifacts that a run has made so far, as one of its steps sees them. */
export async function artifactsOf(
  db: Executor,
  runId: string,
  view: ArtifactView,
): Promise<{ actionId: string | null; name: string; data: Record<string, unknown> }[]> {
  const found = await db.execute<{ action_id: string | null; name: string; data: Record<string, unknown> }>(
    sql`select action_id, name, data from (${newestArtifacts(sql`${runId}`, view)}) as a order by id`,
  );
  return found.rows.map((row) => ({ actionId: row.action_id, name: row.name, data: row.data }));
}
