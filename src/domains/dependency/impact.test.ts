import { impactOf, type Edge, type ImpactType } from './impact';

const edge = (source: string, target: string, impactType: ImpactType, transitive = false): Edge => ({
  ...{ sourceSystemId: source, targetSystemId: target, impactType, transitive },
});

describe('the impact of a system', () => {
  it('is nothing over informational dependencies, degraded over degraded ones, and its status over critical ones', () => {
    const edges = [edge('a', 'db', 'informational'), edge('b', 'db', 'degraded'), edge('c', 'db', 'critical')];
    expect(impactOf(edges, 'db', 'healthy', 'unhealthy')).toEqual([
      { systemId: 'b', previousState: 'healthy', newState: 'degraded' },
      { systemId: 'c', previousState: 'healthy', newState: 'unhealthy' },
    ]);
  });

  it('continues only over transitive dependencies', () => {
    const edges = [edge('api', 'db', 'critical'), edge('web', 'api', 'critical', true), edge('app', 'api', 'critical')];
    expect(impactOf(edges, 'db', 'healthy', 'unhealthy').map(({ systemId }) => systemId)).toEqual(['api', 'web']);
  });

  it('reports recovery, and omits systems for which nothing changes', () => {
    const edges = [edge('b', 'db', 'degraded'), edge('c', 'db', 'critical')];
    expect(impactOf(edges, 'db', 'unhealthy', 'degraded')).toEqual([
      { systemId: 'c', previousState: 'unhealthy', newState: 'degraded' },
    ]);
    expect(impactOf(edges, 'db', 'degraded', 'healthy')).toHaveLength(2);
    expect(impactOf([], 'db', 'healthy', 'unhealthy')).toEqual([]);
  });

  it('is the worst of several paths', () => {
    const edges = [
      edge('api', 'db', 'degraded'),
      edge('cache', 'db', 'critical'),
      edge('web', 'api', 'critical', true),
      edge('web', 'cache', 'critical', true),
    ];
    expect(impactOf(edges, 'db', 'healthy', 'unhealthy')).toContainEqual({
      ...{ systemId: 'web', previousState: 'healthy', newState: 'unhealthy' },
    });
  });
});
