import { derivedFrom } from '../../domain/entities/derived-from';
import { propagateImpact, systemsWithDependants, type StatusChange } from '../dependency/dependencies';
import type { DomainWrite } from '../domain-write';
import { objectivesDue } from '../slo/slos';
import { HealthState, type HealthStatus } from './health-status';

/** A change of the health of a system. */
export interface HealthChange {
  systemId: string;
  changeId: string;
}

/** Health to write for a system. It is valid from `at` on. */
export interface HealthWrite {
  system: { id: string; name: string | undefined };
  state: HealthState;
  at: Date;
  /** Ids of the changes from which the health was derived. */
  sources?: readonly string[];
}

/**
 * Writes the health of systems, keeping the given order within each system. A status change is propagated to the
 * system's dependants, and makes the system's objectives due. Returns the health changes. The caller must hold the
 * locks of the systems.
 */
export async function writeHealth(write: DomainWrite, steps: readonly HealthWrite[]): Promise<HealthChange[]> {
  const changes: HealthChange[] = [];
  let rest = steps;
  while (rest.length > 0) {
    const first = new Map<string, HealthWrite>();
    const later: HealthWrite[] = [];
    for (const step of rest) {
      if (first.has(step.system.id)) later.push(step);
      else first.set(step.system.id, step);
    }
    changes.push(...(await writeOnce(write, [...first.values()])));
    rest = later;
  }
  return changes;
}

/** Writes the health of systems. `steps` has at most one entry for each system. */
async function writeOnce(write: DomainWrite, steps: readonly HealthWrite[]): Promise<HealthChange[]> {
  const previous = new Map<string, HealthStatus>();
  const inOrder = steps.toSorted((a, b) => (a.system.id < b.system.id ? -1 : 1));
  const writes = inOrder.map(({ system: { id, name }, state, at, sources = [] }) => ({
    id,
    update(prev: Record<string, unknown> | null) {
      previous.set(id, HealthState.safeParse(prev).data?.status ?? 'healthy');
      return state;
    },
    occurredAt: at,
    context: { ...(name !== undefined && { systemName: name }), ...derivedFrom(sources) },
  }));
  const results = await write.entities.mutateMany(write.tx, 'health', writes, write.cause);
  const changes = inOrder.flatMap(({ system }, index) => {
    const { changeId } = results[index] ?? {};
    return changeId === undefined ? [] : [{ systemId: system.id, changeId }];
  });
  const changed = inOrder.flatMap(({ system: { id: systemId }, state, at: occurredAt }, index): StatusChange[] => {
    const { changeId } = results[index] ?? {};
    const status = { previous: previous.get(systemId) ?? 'healthy', next: state.status };
    if (changeId === undefined || status.previous === status.next) return [];
    return [{ systemId, changeId, status, occurredAt }];
  });
  if (changed.length > 0) await spreadStatus(write, changed);
  return changes;
}

async function spreadStatus(write: DomainWrite, changed: readonly StatusChange[]): Promise<void> {
  const ids = changed.map(({ systemId }) => systemId);
  const withDependants = await systemsWithDependants(write.tx, ids);
  for (const change of changed) if (withDependants.has(change.systemId)) await propagateImpact(write, change);
  await objectivesDue(write, ids);
}
