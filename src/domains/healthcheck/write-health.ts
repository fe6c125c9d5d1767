import { propagateImpact } from '../dependency/dependencies';
import type { DomainWrite } from '../domain-write';
import { objectivesDue } from '../slo/slos';
import { HealthState, type HealthStatus } from './health-status';

/**
 * Writes the health of a system, and what a change of its status means for others: impact reaches dependants, its objectives are due.
 * Gives the change row, if there is one. The caller holds the system's lock.
 */
export async function writeHealth(
  write: DomainWrite,
  system: { id: string; name: string | undefined },
  state: HealthState,
  occurredAt: Date,
): Promise<string | undefined> {
  let previous: HealthStatus = 'healthy';
  const update = (prev: Record<string, unknown> | null) => {
    previous = HealthState.safeParse(prev).data?.status ?? 'healthy';
    return state;
  };
  const options = { occurredAt, ...(system.name === undefined ? {} : { context: { systemName: system.name } }) };
  const ref = { kind: 'health', id: system.id };
  const { changeId } = await write.entities.mutate(write.tx, ref, update, write.cause, options);
  if (changeId !== undefined && previous !== state.status) {
    await propagateImpact(write, system.id, { previous, next: state.status }, occurredAt);
    await objectivesDue(write, system.id);
  }
  return changeId;
}
