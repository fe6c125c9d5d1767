import { z } from 'zod';
import type { TriggerType } from '../../domain/registry/trigger-type';
import { HealthStatus } from './health-status';

const HealthChangePayload = z.object({
  systemId: z.string(),
  systemName: z.string().optional(),
  previousStatus: HealthStatus,
  newStatus: HealthStatus,
  healthyChecks: z.number(),
  totalChecks: z.number(),
  timestamp: z.string(),
});

const CheckPayload = z.object({
  systemId: z.string(),
  configurationId: z.string(),
  status: HealthStatus,
  latencyMs: z.number().optional(),
  result: z.looseObject({ message: z.string().optional(), collectors: z.unknown().optional() }).optional(),
  timestamp: z.string(),
});

const common = {
  category: 'Health',
  contextKey: (payload: Record<string, unknown>) => String(payload.systemId),
  contextKeyLabel: 'system',
};

type Holds = (status: unknown, payload: Record<string, unknown>) => boolean;

const healthTrigger = (id: string, displayName: string, description: string, holds: Holds): TriggerType => ({
  ...{ id, displayName, description, ...common },
  payloadSchema: HealthChangePayload,
  holds: {
    entity: (payload) => ({ kind: 'health', id: String(payload.systemId) }),
    // If the entity does not exist, the system was removed, and the cause of the dwell no longer holds.
    test: (state, payload) => state !== null && holds(state.status, payload),
  },
});

const checkTrigger = (id: string, displayName: string, description: string): TriggerType => ({
  ...{ id, displayName, description, ...common },
  payloadSchema: CheckPayload,
});

export const healthcheckTriggers: readonly TriggerType[] = [
  healthTrigger(
    'system_degraded',
    'System degraded',
    'A healthy system became degraded or unhealthy.',
    (status) => status !== 'healthy',
  ),
  healthTrigger(
    'system_healthy',
    'System healthy',
    'A degraded or unhealthy system became healthy.',
    (status) => status === 'healthy',
  ),
  healthTrigger(
    'system_health_changed',
    'System health changed',
    'The status of a system changed in any way.',
    (status, payload) => status === payload.newStatus,
  ),
  checkTrigger('check_failed', 'Check failed', 'A result of a check that is not healthy; each such result.'),
  checkTrigger('check_completed', 'Check completed', 'A result of a check; each one.'),
  {
    ...{ id: 'run_requested', displayName: 'Check run requested', ...common },
    description:
      'An automation requested a run of a check with healthcheck.run_now. Satellites and scripts that run checks listen to it.',
    payloadSchema: z.object({ systemId: z.string(), configurationId: z.string() }),
  },
];
