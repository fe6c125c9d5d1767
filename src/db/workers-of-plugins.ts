import { sql } from 'drizzle-orm';
import type { Executor } from './executor';

/** The number of live workers that announce their plugins, in total and for each plugin. */
export interface PluginWorkers {
  workers: number;
  /** Number of workers by plugin id. */
  having: ReadonlyMap<string, number>;
}

/**
 * Returns the number of live workers that have each plugin. Workers of older releases, which announce no plugins, are
 * not counted.
 */
export async function workersOfPlugins(db: Executor): Promise<PluginWorkers> {
  const { rows } = await db.execute<{ plugin: string | null; workers: number }>(sql`
    select substr(name, length('plugin:') + 1) as plugin, count(distinct id)::int as workers
    from (
      select w.id, name from workers w cross join unnest(w.knows) as name
      where w.expires_at >= clock_timestamp() and name like 'plugin:%'
      union all
      select w.id, null from workers w where w.expires_at >= clock_timestamp() and w.knows is not null) as known
    group by name`);
  const having = rows.flatMap(({ plugin, workers }) => (plugin === null ? [] : [[plugin, workers] as const]));
  return { workers: rows.find(({ plugin }) => plugin === null)?.workers ?? 0, having: new Map(having) };
}
