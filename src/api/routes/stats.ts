import { z } from 'zod';
import type { AutomationStore } from '../../db/automation-store';
import type { Executor } from '../../db/executor';
import { countOpenRuns, STATS_INTERVALS, runStats, type StatsInterval } from '../../db/run-stats';
import { COUNTED_STEPS_OF_RUNS, stepStats } from '../../db/step-stats';
import type { Clock } from '../../domain/clock';
import { FermataError } from '../../domain/errors';
import { requireAutomation } from '../automations/deps';
import { json, readRoute, type Route } from '../http/route';
import { IdParams, InstantQuery, Timestamp } from '../http/values';

const TAG = 'Runs';
const MAX_BUCKETS = 500;
const DAY_MS = 86_400_000;
const BUCKET_MS = { minute: 60_000, hour: 3_600_000, day: DAY_MS } as const satisfies Record<StatsInterval, number>;
/** Length of the period without `from`. */
const DEFAULT_MS = { minute: 3 * 3_600_000, hour: DAY_MS, day: 30 * DAY_MS } as const satisfies Record<
  StatsInterval,
  number
>;

const StatsQuery = z.object({
  from: InstantQuery.optional().describe(
    'Default: 3 hours before `to` for minutes, 24 hours for hours, 30 days for days',
  ),
  to: InstantQuery.optional().describe('Exclusive; default: now'),
  bucket: z.enum(STATS_INTERVALS).default('hour'),
});

const StatsAnswer = z
  .object({
    from: Timestamp,
    to: Timestamp,
    bucket: z.enum(STATS_INTERVALS),
    total: z.int().describe('Runs that ended between `from` and `to`'),
    open: z.int().describe('Runs that are open now (pending, running or waiting), whenever they were started'),
    buckets: z.array(
      z.object({
        at: Timestamp.describe('Start of the bucket'),
        success: z.int(),
        failed: z.int(),
        cancelled: z.int(),
        p50Ms: z.number().nullable(),
        p95Ms: z.number().nullable(),
      }),
    ),
  })
  .meta({ id: 'RunStats' });

const StepStatsAnswer = z
  .object({
    from: Timestamp,
    to: Timestamp,
    version: z.int(),
    runs: z
      .int()
      .describe(
        `Ended runs of the version whose steps were counted: at most the newest ${COUNTED_STEPS_OF_RUNS.toLocaleString('en-US')}`,
      ),
    places: z.array(
      z.object({
        place: z.string().describe('Path in the definition. Iterations of a `repeat` are counted together'),
        reached: z.int().describe('Runs that performed the step'),
        failed: z.int().describe('Runs in which it failed'),
      }),
    ),
  })
  .meta({ id: 'StepStats' });

interface StatsDeps {
  db: Executor;
  clock: Clock;
  automations: AutomationStore;
}

/** Returns the routes that count runs by outcome and time. */
export function statsRoutes(deps: StatsDeps): Route[] {
  const responses = { 200: { description: 'Buckets in order, including empty ones', schema: StatsAnswer } };
  return [
    readRoute({
      method: 'get',
      path: '/stats',
      permission: 'automation.read',
      operationId: 'stats.get',
      tag: TAG,
      summary: 'Count ended runs by outcome and time, with durations, and open runs',
      query: StatsQuery,
      responses,
      handler: async ({ query }) => json(200, await read(deps, query)),
    }),
    readRoute({
      method: 'get',
      path: '/automations/{id}/stats',
      permission: 'automation.read',
      operationId: 'automations.stats',
      tag: 'Automations',
      summary: 'Count ended runs of one automation by outcome and time, with durations, and its open runs',
      params: IdParams,
      query: StatsQuery,
      responses: { ...responses, 404: { description: 'Automation not found' } },
      async handler({ params, query }) {
        const { id } = await requireAutomation(deps, deps.db, params.id);
        return json(200, await read(deps, query, id));
      },
    }),
    stepStatsRoute(deps),
  ];
}

function stepStatsRoute(deps: StatsDeps): Route {
  return readRoute({
    method: 'get',
    path: '/automations/{id}/step-stats',
    permission: 'automation.read',
    operationId: 'automations.stepStats',
    tag: 'Automations',
    summary: 'Count how many runs of a version reached each step',
    params: IdParams,
    query: z.object({
      from: InstantQuery.optional().describe('Default: 24 hours before `to`'),
      to: StatsQuery.shape.to,
      version: z.coerce.number().int().min(1).max(2_147_483_647).optional().describe('Default: the current version'),
    }),
    responses: {
      200: { description: 'The steps that at least one run reached', schema: StepStatsAnswer },
      404: { description: 'Automation not found' },
    },
    async handler({ params, query }) {
      const automation = await requireAutomation(deps, deps.db, params.id);
      const { from, to } = periodOf(deps, query, DAY_MS);
      const version = query.version ?? automation.version;
      const counted = await stepStats(deps.db, { automationId: automation.id, version, from, to });
      return json(200, { from: from.toISOString(), to: to.toISOString(), version, ...counted });
    },
  });
}

/**
 * Returns the period of a query. Default: the `defaultMs` milliseconds before `to`, which defaults to now.
 * @throws {FermataError} `validation_failed` for an empty period
 */
function periodOf(
  { clock }: StatsDeps,
  query: { from?: Date | undefined; to?: Date | undefined },
  defaultMs: number,
): { from: Date; to: Date } {
  const to = query.to ?? clock.now();
  const from = query.from ?? new Date(to.getTime() - defaultMs);
  if (from >= to) throw outOfRange('from', 'must be before `to`');
  return { from, to };
}

async function read(
  deps: StatsDeps,
  query: z.output<typeof StatsQuery>,
  automationId?: string,
): Promise<z.input<typeof StatsAnswer>> {
  const { bucket } = query;
  const { from, to } = periodOf(deps, query, DEFAULT_MS[bucket]);
  const starts = bucketStarts(from, to, BUCKET_MS[bucket]);
  const [found, open] = await Promise.all([
    runStats(deps.db, { ...(automationId === undefined ? {} : { automationId }), from, to, bucket }),
    countOpenRuns(deps.db, automationId),
  ]);
  const byStart = new Map(found.map((each) => [each.at.getTime(), each]));
  const buckets = starts.map((start) => {
    const { success = 0, failed = 0, cancelled = 0, p50Ms = null, p95Ms = null } = byStart.get(start) ?? {};
    return { at: new Date(start).toISOString(), success, failed, cancelled, p50Ms, p95Ms };
  });
  const total = buckets.reduce((sum, each) => sum + each.success + each.failed + each.cancelled, 0);
  return { from: from.toISOString(), to: to.toISOString(), bucket, total, open, buckets };
}

/**
 * Returns the start of each bucket in a time range.
 * @throws {FermataError} `validation_failed` for more than 500 buckets
 */
function bucketStarts(from: Date, to: Date, ms: number): number[] {
  const first = Math.floor(from.getTime() / ms) * ms;
  const count = Math.ceil((to.getTime() - first) / ms);
  if (count > MAX_BUCKETS) throw outOfRange('bucket', `would give ${count} buckets; at most ${MAX_BUCKETS}`);
  return Array.from({ length: count }, (_, index) => first + index * ms);
}

function outOfRange(path: string, message: string): FermataError {
  const errors = [{ path, message, code: 'out_of_range' }];
  return new FermataError('validation_failed', `${path} ${message}.`, { errors });
}
