import type { HealthStatus } from '../healthcheck/health-status';

export type ImpactType = 'informational' | 'degraded' | 'critical';

/** An edge: the source depends on the target. */
export interface Edge {
  sourceSystemId: string;
  targetSystemId: string;
  impactType: ImpactType;
  transitive: boolean;
}

/** A system that the change of another system affects, with the impact before and after the change. */
export interface AffectedSystem {
  systemId: string;
  previousState: HealthStatus;
  newState: HealthStatus;
}

const RANK: readonly HealthStatus[] = ['healthy', 'degraded', 'unhealthy'];
const worse = (a: HealthStatus, b: HealthStatus): HealthStatus => (RANK.indexOf(a) >= RANK.indexOf(b) ? a : b);

/** Returns the status that an edge passes on to its source. */
function passed({ impactType }: Edge, status: HealthStatus): HealthStatus {
  if (impactType === 'informational') return 'healthy';
  return impactType === 'critical' || status === 'healthy' ? status : 'degraded';
}

/**
 * Returns the status that reaches each dependant of a system. Direct dependants are reached over any edge, indirect
 * dependants only over transitive edges, and no dependants over informational edges. If several paths lead to a
 * dependant, the worst status is used.
 */
function reached(edges: readonly Edge[], origin: string, status: HealthStatus): Map<string, HealthStatus> {
  const states = new Map<string, HealthStatus>();
  const queue: { system: string; status: HealthStatus }[] = [{ system: origin, status }];
  for (const { system, status: at } of queue) {
    for (const edge of edges) {
      if (edge.targetSystemId !== system || (system !== origin && !edge.transitive)) continue;
      const next = passed(edge, at);
      const known = states.get(edge.sourceSystemId);
      if (edge.impactType === 'informational' || (known !== undefined && worse(known, next) === known)) continue;
      states.set(edge.sourceSystemId, next);
      queue.push({ system: edge.sourceSystemId, status: next });
    }
  }
  return states;
}

/** Returns the systems that a status change affects, and how it affects them. Other systems are left out. */
export function impactOf(
  edges: readonly Edge[],
  origin: string,
  previous: HealthStatus,
  next: HealthStatus,
): AffectedSystem[] {
  const [before, after] = [reached(edges, origin, previous), reached(edges, origin, next)];
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((systemId) => {
    const [previousState, newState] = [before.get(systemId) ?? 'healthy', after.get(systemId) ?? 'healthy'];
    return previousState === newState ? [] : [{ systemId, previousState, newState }];
  });
}
