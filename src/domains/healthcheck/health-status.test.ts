import { aggregateHealth, type CheckStatus, type HealthStatus } from './health-status';

const checks = (...statuses: HealthStatus[]): CheckStatus[] => statuses.map((status) => ({ source: 'check', status }));
const alerts = (...statuses: HealthStatus[]): CheckStatus[] => statuses.map((status) => ({ source: 'alert', status }));

describe('health of a system', () => {
  test.each<[string, CheckStatus[], HealthStatus, number, number]>([
    ['is healthy without checks and alerts', [], 'healthy', 0, 0],
    ['is healthy when all checks are', checks('healthy', 'healthy'), 'healthy', 2, 2],
    ['is unhealthy when all checks are', checks('unhealthy', 'unhealthy'), 'unhealthy', 0, 2],
    ['is degraded when some are unhealthy', checks('unhealthy', 'healthy'), 'degraded', 1, 2],
    ['is degraded when all are failing but not all unhealthy', checks('unhealthy', 'degraded'), 'degraded', 0, 2],
    ['is at least as bad as its worst alert', [...checks('healthy'), ...alerts('degraded')], 'degraded', 1, 2],
    ['does not average alerts', [...checks('healthy', 'healthy'), ...alerts('unhealthy')], 'unhealthy', 2, 3],
    ['is not improved by alerts', [...checks('unhealthy'), ...alerts('degraded')], 'unhealthy', 0, 2],
  ])('%s', (_, all, status, healthyChecks, totalChecks) => {
    expect(aggregateHealth(all)).toEqual({ status, healthyChecks, totalChecks });
  });
});
