import { z } from 'zod';
import { sql } from 'drizzle-orm';
import type { Executor } from '../../db/executor';
import { messageOf } from '../../domain/errors';
import type { Logger } from '../../log';
import { json, readRoute, type Route } from '../http/route';
import { FlagQuery } from '../http/values';
import { oldestUnroutedSeconds, type ApiMetrics } from '../metrics';

/**
 * Maximum age of an unrouted change in seconds. If a change has been waiting longer, the dispatcher is reported as not
 * ok, because probably no worker is routing changes.
 */
const MAX_LAG_SECONDS = 30;
/**
 * Timeout in milliseconds for checking a dependency. It prevents a dependency that hangs from making the probe hang.
 */
const DEADLINE_MS = 2_000;

const Part = z.object({ ok: z.boolean(), message: z.string().optional() });
const Readiness = z.object({
  status: z.enum(['ready', 'not_ready']),
  checks: z.object({
    postgres: Part,
    temporal: Part,
    dispatcher: Part.extend({ lagSeconds: z.number().nullable() }),
  }),
});

interface OperationsDeps {
  db: Executor;
  log: Logger;
  metrics: ApiMetrics;
  /** Checks the connection to Temporal. Rejects when Temporal cannot be reached. */
  checkTemporal(): Promise<void>;
}

const common = { method: 'get', atRoot: true, tag: 'Operations' } as const;

/** Returns the routes for probes and metrics. */
export function operationsRoutes(deps: OperationsDeps): Route[] {
  return [
    readRoute({
      ...common,
      path: '/healthz',
      permission: 'public',
      operationId: 'operations.health',
      summary: 'Check that the process answers',
      responses: { 200: { description: 'The process answers', schema: z.object({ status: z.literal('ok') }) } },
      handler: () => Promise.resolve(json(200, { status: 'ok' })),
    }),
    readRoute({
      ...common,
      path: '/readyz',
      permission: 'public',
      operationId: 'operations.ready',
      summary: 'Check that the process can take requests',
      description:
        'The status depends only on Postgres, because events are accepted and stored while Postgres answers. `checks` also reports Temporal and the dispatcher; with `deep=true` the status depends on them too.',
      query: z.object({
        deep: FlagQuery.optional().describe('Let the status depend on Temporal and the dispatcher too'),
      }),
      responses: {
        200: { description: 'The process can take requests', schema: Readiness },
        503: { description: 'The process cannot take requests; `checks` has the reason', schema: Readiness },
      },
      handler: async ({ query: { deep = false } }) => {
        const readiness = await readReadiness(deps, deep);
        return json(readiness.status === 'ready' ? 200 : 503, readiness);
      },
    }),
    readRoute({
      ...common,
      path: '/metrics',
      permission: 'automation.read',
      operationId: 'operations.metrics',
      summary: 'Get metrics for Prometheus',
      responses: { 200: { description: 'Metrics in the text exposition format', contentTypes: ['text/plain'] } },
      handler: async () => {
        const { text, contentType } = await deps.metrics.render();
        return { status: 200, body: text, contentType };
      },
    }),
  ];
}

async function readReadiness(deps: OperationsDeps, isDeep: boolean): Promise<z.infer<typeof Readiness>> {
  const [postgres, temporal, lag] = await Promise.all([
    check(deps, 'Postgres', () => deps.db.execute(sql`select 1`)),
    check(deps, 'Temporal', () => deps.checkTemporal()),
    readLag(deps.db),
  ]);
  const routes = lag !== null && lag <= MAX_LAG_SECONDS;
  const dispatcher = {
    ok: routes,
    lagSeconds: lag,
    ...(routes
      ? {}
      : {
          message: lag === null ? 'unknown' : `the oldest change waits for ${Math.round(lag)} s; is a worker running?`,
        }),
  };
  const ready = postgres.ok && (!isDeep || (temporal.ok && dispatcher.ok));
  return { status: ready ? 'ready' : 'not_ready', checks: { postgres, temporal, dispatcher } };
}

async function readLag(db: Executor): Promise<number | null> {
  try {
    const found = await withDeadline(db.execute<{ lag: number }>(sql`select ${oldestUnroutedSeconds} as lag`));
    return Math.max(0, Math.round((found.rows[0]?.lag ?? 0) * 1000) / 1000);
  } catch {
    return null;
  }
}

/**
 * Runs a probe and returns its result. The reason for a failure is only logged: the route is public and must not show
 * addresses.
 */
async function check(deps: OperationsDeps, name: string, probe: () => Promise<unknown>): Promise<z.infer<typeof Part>> {
  try {
    await withDeadline(probe());
    return { ok: true };
  } catch (error) {
    deps.log.debug({ err: error }, `${name} is not ready: ${messageOf(error)}`);
    return { ok: false, message: `${name} cannot be reached` };
  }
}

async function withDeadline<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${DEADLINE_MS} ms`)), DEADLINE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
