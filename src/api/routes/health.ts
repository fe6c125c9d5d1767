import { z } from 'zod';
import { refKey, type EntityStore } from '../../db/entity-store';
import type { Executor } from '../../db/executor';
import type { Clock } from '../../domain/clock';
import { DEFAULT_WINDOW_MINUTES, readHealthViews, type HealthView } from '../../domains/healthcheck/health-view';
import { HealthState, HealthStatus } from '../../domains/healthcheck/health-status';
import { pageOf } from '../http/pagination';
import { json, readRoute, type Route } from '../http/route';
import { notFound, SystemIds, Timestamp } from '../http/values';

const HealthAnswer = z
  .object({
    id: z.string().describe('The same as `systemId`'),
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

/** Returns the routes for health, with the same values as `health.system` in expressions. */
export function healthRoutes({ db, clock, entities }: { db: Executor; clock: Clock; entities: EntityStore }): Route[] {
  const read = async (systemIds: readonly string[], windowMinutes: number) => {
    const views = await readHealthViews(db, systemIds, { now: clock.now(), windowMinutes });
    const refs = [...views.keys()].map((id) => ({ kind: 'health', id }));
    const states = await entities.getMany(db, refs);
    return systemIds.flatMap((id) => {
      const view = views.get(id);
      if (view === undefined) return [];
      return [
        toAnswer(id, view, HealthState.safeParse(states.get(refKey({ kind: 'health', id }))?.state).data ?? NO_CHECKS),
      ];
    });
  };
  return [
    readRoute({
      method: 'get',
      path: '/health/{systemId}',
      permission: 'automation.read',
      operationId: 'health.get',
      tag: 'Systems',
      summary: 'Get the health of a system',
      params: z.object({ systemId: z.string().min(1).max(200) }),
      query: Query,
      responses: {
        200: { description: 'Its health; healthy while there are no results', schema: HealthAnswer },
        404: { description: 'System not found' },
      },
      async handler({ params: { systemId }, query: { transitionWindowMinutes } }) {
        const [answer] = await read([systemId], transitionWindowMinutes);
        if (answer === undefined) throw notFound('system', systemId);
        return json(200, answer);
      },
    }),
    readRoute({
      method: 'get',
      path: '/health',
      permission: 'automation.read',
      operationId: 'health.list',
      tag: 'Systems',
      summary: 'Get the health of several systems',
      query: Query.extend({ systemIds: SystemIds }),
      responses: {
        200: {
          description: 'Their health, in the order of the request; unknown ids are omitted',
          schema: pageOf(HealthAnswer),
        },
      },
      async handler({ query: { systemIds, transitionWindowMinutes } }) {
        return json(200, { items: await read(systemIds, transitionWindowMinutes), nextCursor: null });
      },
    }),
  ];
}

const NO_CHECKS = { healthyChecks: 0, totalChecks: 0 };

/**
 * Converts a view of health to its response format. Definitions use `in_status_since`, whereas the API uses
 * `inStatusSince`.
 */
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
