import { z } from 'zod';

export const HealthStatus = z.enum(['healthy', 'degraded', 'unhealthy']);
export type HealthStatus = z.infer<typeof HealthStatus>;

/** Reactive state of a system's health. */
export const HealthState = z.strictObject({
  status: HealthStatus,
  healthyChecks: z.number().int().nonnegative(),
  totalChecks: z.number().int().nonnegative(),
});
export type HealthState = z.infer<typeof HealthState>;

const SEVERITY: Readonly<Record<HealthStatus, number>> = { healthy: 0, degraded: 1, unhealthy: 2 };

const worse = (a: HealthStatus, b: HealthStatus): HealthStatus => (SEVERITY[a] >= SEVERITY[b] ? a : b);

/** The last status of a check, or a firing alert. `count` is the number of checks that this entry represents. */
export interface CheckStatus {
  source: 'check' | 'alert';
  status: HealthStatus;
  count?: number;
}

const countOf = (checks: readonly CheckStatus[]): number => checks.reduce((sum, { count = 1 }) => sum + count, 0);

/**
 * Returns the health of a system. It is `healthy` if all checks are healthy or there are none, `unhealthy` if all are
 * unhealthy, and otherwise `degraded`; but it is never better than the status of the worst firing alert. `totalChecks`
 * includes alerts.
 */
export function aggregateHealth(all: readonly CheckStatus[]): HealthState {
  const checks = all.filter((check) => check.source === 'check');
  const healthyChecks = countOf(checks.filter((check) => check.status === 'healthy'));
  let status: HealthStatus = 'degraded';
  if (healthyChecks === countOf(checks)) status = 'healthy';
  else if (checks.every((check) => check.status === 'unhealthy')) status = 'unhealthy';
  for (const alert of all) if (alert.source === 'alert') status = worse(status, alert.status);
  return { status, healthyChecks, totalChecks: countOf(all) };
}
