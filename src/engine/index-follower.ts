import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Executor } from '../db/executor';
import { messageOf } from '../domain/errors';
import { routedAutomation } from './routed-automation';
import type { RoutingIndex } from './routing-index';

/** Number of automations that are read at a time, which limits memory while thousands are loaded. */
const PAGE = 500;

interface Row extends Record<string, unknown> {
  id: string;
  name: string;
  group: string | null;
  version: number;
  revision: string;
  enabled: boolean;
  deleted: boolean;
  definition: unknown;
  steps: object[] | null;
}

export interface IndexFollower {
  /** Updates the index to at least this revision. Reads nothing when the index is up to date. */
  catchUp(revision: number): Promise<void>;
  /** Updates the index to the current revision of the definitions. */
  catchUpNow(): Promise<void>;
}

/**
 * Keeps the routing index up to date: reads the automations whose revisions are newer than those in the index.
 * Revisions become visible in order.
 */
export function createIndexFollower(
  db: Executor,
  index: RoutingIndex,
  onBroken: (automationId: string, message: string) => void,
): IndexFollower {
  let seen = 0;

  const readPage = async (): Promise<number> => {
    const result = await db.execute<Row>(sql`
      select a.id, a.name, a."group", a.version, a.revision, a.status = 'enabled' as enabled,
        a.deleted_at is not null as deleted,
        v.definition - 'actions' - 'on_failure' as definition,
        -- Only the kind of each step and its action are needed, for the name of the first activity of a run.
        (select jsonb_agg(case when step ? 'action' then jsonb_build_object('action', step -> 'action')
            else (select jsonb_object_agg(key, true) from jsonb_object_keys(step) as key) end order by n)
          from jsonb_array_elements(v.definition -> 'actions') with ordinality as each(step, n)) as steps
      from automations a join automation_versions v on v.automation_id = a.id and v.version = a.version
      where a.revision > ${seen} order by a.revision limit ${PAGE}`);
    for (const row of result.rows) {
      apply(row);
      seen = Math.max(seen, Number(row.revision));
    }
    return result.rows.length;
  };

  const apply = (row: Row): void => {
    index.remove(row.id);
    if (row.deleted) return;
    try {
      index.set(routedAutomation(row));
    } catch (error) {
      // A definition of a newer release, or an error of the plugin with the type of a trigger. It must not keep other
      // automations out of the index.
      index.setUnreadable(row.id);
      const why = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
      onBroken(row.id, `The stored definition cannot be read: ${why}`);
    }
  };

  const read = async (revision: number): Promise<void> => {
    if (seen >= revision) return;
    while ((await readPage()) === PAGE);
    // The automation with the newest revision may have been removed by retention. No row has this revision then.
    seen = Math.max(seen, revision);
  };
  // Reads are sequential, so that an older page is never applied after a newer page.
  let last: Promise<void> = Promise.resolve();
  const catchUp = (revision: number): Promise<void> => {
    if (seen >= revision) return Promise.resolve();
    return (last = last.catch(() => undefined).then(() => read(revision)));
  };

  return {
    catchUp,
    async catchUpNow() {
      const { rows } = await db.execute<{ revision: string }>(sql`select revision from definition_revision`);
      await catchUp(Number(rows[0]?.revision ?? 0));
    },
  };
}
