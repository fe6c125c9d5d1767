import type { Change, Occurrence } from '../entities/change';

/** Returns the value of `trigger` in the scope. It describes what started a run, as stored in the run's row. */
export function triggerScope(triggerId: string, occurrence: Occurrence, change: Change): Record<string, unknown> {
  return {
    id: triggerId,
    event: occurrence.event,
    payload: occurrence.payload,
    actor: change.actor,
    occurredAt: change.occurredAt.toISOString(),
    changeId: change.changeId,
    ...(change.shape === 'entity' ? { prev: change.prev, next: change.next, changedFields: change.changedFields } : {}),
  };
}

/** The facts that are the same for every evaluation of a run. */
export interface RunFacts {
  trigger: Record<string, unknown>;
  contextKey: string | null;
  run: { id: string; startedAt: string | null; error?: unknown };
  automation: { id: string; name: string; group: string | null };
}

/**
 * Returns artifacts, grouped by the id of their action and then by name. If several artifacts have the same id and
 * name, the last one is used.
 */
export function artifactScope(
  artifacts: readonly { actionId: string | null; name: string; data: Record<string, unknown> }[],
): Record<string, Record<string, unknown>> {
  const scope: Record<string, Record<string, unknown>> = Object.create(null) as Record<string, Record<string, unknown>>;
  for (const { actionId, name, data } of artifacts) {
    if (actionId === null) continue;
    const byName = (scope[actionId] ??= Object.create(null) as Record<string, unknown>);
    byName[name] = data;
  }
  return scope;
}
