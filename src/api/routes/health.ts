import { z } from 'zod';
import type { EntityStore } from '../../db/entity-store';
import type { Executor } from '../../db/executor';
import type { Clock } from '../../domain/clock';
import { DEFAULT_WINDOW_MINUTES, readHealthViews, type HealthView } from '../../domains/healthcheck/health-view';
import { HealthState, HealthStatus } from '../../domains/healthcheck/health-status';
import { json, readRoute, type Route } from '../http/route';
import { notFound, Timestamp } from '../http/values';

const HealthAnswer = z
  .object({
    id: z.string().describe('The system'),
    systemId: z.string(),
    status: HealthStatus,
    healthyChecks: z.int(),
    totalChecks: z.int(),
    inStatusSince: Timestamp,
    inStatusForMs: z.number(),
    latencyMs: z.number().nullable(),
    avgLatencyMs: z.number().nullable(),
    p95LatencyMs: z.number().nullable(),
    successRate: z.number().nullable().describe('Share of healthy results of the last 24 hours, 0 to 1'),
    lastRunAt: Timestamp.nullable(),
    inMaintenance: z.boolean(),
    notificationsSuppressed: z.boolean(),
    transitionsInWindow: z.int(),
    transitionWindowMinutes: z.int(),
    evaluatedAt: Timestamp,
  })
  .meta({ id: 'Health' });

const Query = z.object({
  transitionWindowMinutes: z.coerce.number().int().min(1).max(10_080).default(DEFAULT_WINDOW_MINUTES),
});

/** What expressions see as `health.system`. */
export function healthRoutes({ db, clock, entities }: { db: Executor; clock: Clock; entities: EntityStore }): Route[] {
  return [
    readRoute({
      method: 'get',
      path: '/health/{systemId}',
      permission: 'automation.read',
      operationId: 'health.get',
      tag: 'Systems',
      summary: 'Everything known about the health of a system',
      params: z.object({ systemId: z.string().min(1).max(200) }),
      query: Query,
      responses: {
        200: { description: 'Its health; healthy as long as there are no results', schema: HealthAnswer },
        404: { description: 'There is no such system' },
      },
      async handler({ params: { systemId }, query: { transitionWindowMinutes } }) {
        const options = { now: clock.now(), windowMinutes: transitionWindowMinutes };
        const view = (await readHealthViews(db, [systemId], options)).get(systemId);
        if (view === undefined) throw notFound('system', systemId);
        const record = await entities.get(db, 'health', systemId);
        return json(200, toAnswer(systemId, view, HealthState.safeParse(record?.state).data ?? NO_CHECKS));
      },
    }),
  ];
}

const NO_CHECKS = { healthyChecks: 0, totalChecks: 0 };

/** Definitions say `in_status_since`, the API says `inStatusSince`. */
function toAnswer(
  systemId: string,
  view: HealthView,
  { healthyChecks, totalChecks }: typeof NO_CHECKS,
): z.input<typeof HealthAnswer> {
  return {
    id: systemId,
    systemId,
    status: view.status,
    healthyChecks,
    totalChecks,
    inStatusSince: view.in_status_since,
    inStatusForMs: view.in_status_for_ms,
    latencyMs: view.latency_ms,
    avgLatencyMs: view.avg_latency_ms,
    p95LatencyMs: view.p95_latency_ms,
    successRate: view.success_rate,
    lastRunAt: view.last_run_at,
    inMaintenance: view.in_maintenance,
    notificationsSuppressed: view.notifications_suppressed,
    transitionsInWindow: view.transitions_in_window,
    transitionWindowMinutes: view.transition_window_minutes,
    evaluatedAt: view.evaluated_at,
  };
}
