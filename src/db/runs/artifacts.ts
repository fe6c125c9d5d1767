import { sql, type SQL } from 'drizzle-orm';
import type { Executor } from '../executor';
import { notInSiblings } from './other-branches';

/** Selects the artifacts of a run that one of its steps can read. */
export interface ArtifactView {
  /**
   * The lanes (iterations of parallel loops) that contain the step. Artifacts of other lanes of these loops are left
   * out.
   */
  lanes: readonly string[];
  /**
   * Whether the definition has parallel iterations. If so, the artifact of the last item counts as the newest, even if
   * artifacts of other items were created later.
   */
  byItem: boolean;
}

/** The columns that `newestArtifacts` selects. */
const COLUMNS = sql`id, action_id, path, type, name, data`;
/**
 * The leading columns of the index `artifacts_newest`. The newest artifact is selected for each combination of their
 * values.
 */
const GROUP = sql`coalesce(action_id, ''), type, name`;

/**
 * Selects the newest artifact of each action, type and name that a step can read. Loops may create thousands of older
 * artifacts, to which later steps cannot refer. Unless `byItem` is set, the statement jumps from one group to the next
 * in the index, so a step of a long run does not read the artifacts of all earlier steps.
 */
export function newestArtifacts(runId: SQL, { lanes, byItem }: ArtifactView): SQL {
  if (!byItem) {
    const first = (after: SQL) => sql`
      (select ${COLUMNS} from artifacts where run_id = ${runId} ${after} order by ${GROUP}, id desc limit 1)`;
    return sql`
      with recursive newest as (
        ${first(sql``)}
        union all
        select next.id, next.action_id, next.path, next.type, next.name, next.data from newest as n
        cross join lateral ${first(sql`and (${GROUP}) > (coalesce(n.action_id, ''), n.type, n.name)`)} as next)
      select ${COLUMNS} from newest`;
  }
  return sql`
    select distinct on (${GROUP}) ${COLUMNS} from artifacts
    where run_id = ${runId} ${notInSiblings(lanes)}
    order by ${GROUP}, array(select (m[1])::int from regexp_matches(path, '\\.repeat\\[(\\d+)\\]', 'g') as m) desc,
      id desc`;
}

/** Returns the artifacts that a run has created so far and that the given step can read. */
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
