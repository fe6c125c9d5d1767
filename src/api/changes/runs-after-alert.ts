import { listChanges } from '../../db/change-queries';
import { changesDerivedFrom } from '../../db/derived-changes';
import type { Executor } from '../../db/executor';
import { runsStartedBy } from '../../db/routing-queries';
import { ALERT_KIND } from '../../domains/alert/alert-entity';
import { effectsOf, MAX_BELOW } from './causes';

/** Maximum number of changes of the alert to follow. The newest changes are followed. */
const MAX_CHANGES = 50;

/**
 * Returns the ids of the newest runs that an alert has led to since an instant, in no particular order. These are the
 * runs started by the alert's changes, the runs started by changes derived from them (health changes and their impact
 * on other systems), and the runs that those runs led to. Each step is an index look-up. The depth limit is the same as
 * for the causes of a run.
 */
export async function runsAfterAlert(db: Executor, fingerprint: string, since: Date): Promise<string[]> {
  const entities = [{ id: fingerprint, kind: ALERT_KIND }];
  const changes = await listChanges(db, { entities, since }, { limit: MAX_CHANGES, before: undefined });
  const oldest = changes.at(-1)?.recordedAt;
  if (oldest === undefined) return [];
  const derived = await changesDerivedFrom(db, changes);
  const changeIds = [...changes.map(({ change }) => change.changeId), ...derived.map(({ changeId }) => changeId)];
  const page = { since: oldest, newest: true };
  const started = await runsStartedBy(db, [...new Set(changeIds)], { ...page, limit: MAX_BELOW });
  const first = started.map(({ runId }) => runId);
  const { links } = await effectsOf(db, first, page);
  return [...first, ...links.flatMap(({ startedRunIds }) => startedRunIds)];
}
