import { z } from 'zod';
import type { Executor } from '../../db/executor';
import type { Notifier } from '../../db/notifier';
import type { RunPosition } from '../../db/run-filter';
import { artifactsOf, byPlace, getRun, isTerminal, listRuns, matchingRunIds, stepPage } from '../../db/run-queries';
import { COUNTED_RUNS, countRuns, SEARCHED_RUNS } from '../../db/run-search';
import { retriesOf } from '../../db/runs/runs-of-change';
import { cancelRun } from '../../db/runs/run-states';
import { stuckReason } from '../../db/runs/stuck';
import { RUN_STATUSES } from '../../db/tables/runs';
import { FermataError } from '../../domain/errors';
import { Instant } from '../../domain/instant';
import { contextNames } from '../changes/context-name';
import { decodeCursor, IdCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, writeRoute, type Route } from '../http/route';
import { FlagQuery, IdParams, InstantQuery, notFound, uuidOrNotFound } from '../http/values';
import { BulkAnswer, BulkBody, bulkFilter } from '../runs/bulk-filter';
import {
  ArtifactAnswer,
  ListedRun,
  MAX_RETRIES,
  RunAnswer,
  RunWithLinks,
  StepAnswer,
  toArtifact,
  toRetry,
  toRun,
  toStep,
  type WebUi,
} from './run-schema';

const TAG = 'Runs';
const NOT_FOUND = { 404: { description: 'Run not found' } };

/** Maximum number of steps in the response for a run. `/runs/{id}/steps` returns all steps. */
const MAX_STEPS = 500;

const RunDetail = z.object({
  run: RunWithLinks,
  steps: z.array(StepAnswer).describe(`The first ${MAX_STEPS} steps that began`),
  stepsTruncated: z.boolean().describe('Whether the run has more steps: see `/runs/{id}/steps`'),
  artifacts: z.array(ArtifactAnswer),
});

const Counts = z.object({
  pending: z.int(),
  running: z.int(),
  waiting: z.int(),
  success: z.int(),
  failed: z.int(),
  cancelled: z.int(),
});

/** Position of a run in lists. */
const RunKey = z.tuple([Instant, z.uuid()]);
const StepKey = z.object({ beganSeq: z.number().int(), path: z.string() });

/** One status, or several separated by commas. */
const StatusQuery = z
  .string()
  .transform((text) => text.split(',').map((status) => status.trim()))
  .pipe(z.array(z.enum(RUN_STATUSES)).min(1));

const ListQuery = z.object({
  ...PageQuery,
  automationId: z.uuid().optional(),
  status: StatusQuery.optional().describe('One or more statuses, comma-separated'),
  contextKey: z.string().optional(),
  from: InstantQuery.optional().describe('Created at or after'),
  to: InstantQuery.optional().describe('Created at or before'),
  errorCode: z.string().min(1).max(100).optional().describe('Code of the run error, e.g. `execution_lost`'),
  q: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe(
      `Part of the automation's name, the context key, the event or its custom type; or an id. Parts of context keys and events are found in the newest ` +
        `${SEARCHED_RUNS.toLocaleString('en-US')} runs under the other filters`,
    ),
  counts: FlagQuery.optional().describe('Also return `counts` by status, under the same filters except `status`'),
});

interface RunsDeps {
  db: Executor;
  notifier: Notifier;
  webUi: WebUi;
}

/** Returns the routes for runs. */
export function runRoutes(deps: RunsDeps): Route[] {
  return [listRoute(deps), detailRoute(deps), stepsRoute(deps), bulkCancelRoute(deps), cancelRoute(deps)];
}

function listRoute({ db, webUi }: RunsDeps): Route {
  return readRoute({
    method: 'get',
    path: '/runs',
    permission: 'automation.read',
    operationId: 'runs.list',
    tag: TAG,
    summary: 'List runs, newest first',
    description:
      'The order is that of `createdAt`, and of the ids for the same time. `startedAt` may be later, e.g. after a wait for another run or for a slot.',
    query: ListQuery,
    responses: {
      200: {
        description: 'A page of runs',
        schema: pageOf(ListedRun).extend({
          counts: Counts.optional(),
          countsAtLeast: z
            .array(z.enum(RUN_STATUSES))
            .optional()
            .describe(
              `With \`counts\`: statuses whose count is a lower bound, because counting stops at ${COUNTED_RUNS.toLocaleString('en-US')}`,
            ),
        }),
      },
    },
    async handler({ query: { limit, cursor, counts: isCounted = false, ...filter } }) {
      const before = positionOf(cursor);
      const [rows, counted] = await Promise.all([
        listRuns(db, filter, { limit: limit + 1, before }),
        isCounted ? countRuns(db, filter) : undefined,
      ]);
      const nameOf = await contextNames(db, rows);
      const page = toPage(
        rows,
        limit,
        (row) => ({ ...toRun(row, webUi), contextName: nameOf(row.contextKey) }),
        (row) => [row.createdAt, row.id],
      );
      if (counted === undefined) return json(200, page);
      const counts = Object.fromEntries(RUN_STATUSES.map((status) => [status, counted.get(status)?.count ?? 0]));
      const countsAtLeast = RUN_STATUSES.filter((status) => counted.get(status)?.atLeast === true);
      return json(200, { ...page, counts, countsAtLeast });
    },
  });
}

/**
 * Returns the position that a list cursor contains.
 * @throws {FermataError} `bad_request` for a cursor from a release that listed runs by id. Runs are now listed in a
 * different order, so a page that starts after this cursor could omit runs.
 */
function positionOf(cursor: string | undefined): RunPosition | undefined {
  const key = decodeCursor(RunKey.or(IdCursor), cursor);
  if (typeof key === 'string') {
    throw new FermataError(
      'bad_request',
      'The cursor is from another list, or from a release that listed runs in another order. Start again with the first page.',
    );
  }
  return key && { createdAt: key[0], id: key[1] };
}

function detailRoute({ db, webUi }: RunsDeps): Route {
  return readRoute({
    method: 'get',
    path: '/runs/{id}',
    permission: 'automation.read',
    operationId: 'runs.get',
    tag: TAG,
    summary: 'Get a run with its steps and artifacts',
    params: IdParams,
    responses: { 200: { description: 'The run', schema: RunDetail }, ...NOT_FOUND },
    async handler({ params }) {
      const id = uuidOrNotFound(params.id, 'run');
      const run = await getRun(db, id);
      if (run === undefined) throw notFound('run', id);
      const [steps, artifacts, stuck, retries, nameOf] = await Promise.all([
        stepPage(db, id, { limit: MAX_STEPS + 1 }),
        artifactsOf(db, id),
        isTerminal(run.status) ? null : stuckReason(db, id),
        retriesOf(db, id, MAX_RETRIES),
        contextNames(db, [run]),
      ]);
      const links = { contextName: nameOf(run.contextKey), stuck, retriedBy: retries.map(toRetry) };
      return json(200, {
        run: { ...toRun(run, webUi), ...links },
        steps: byPlace(steps.slice(0, MAX_STEPS)).map(toStep),
        stepsTruncated: steps.length > MAX_STEPS,
        artifacts: artifacts.map(toArtifact),
      });
    },
  });
}

function stepsRoute({ db }: RunsDeps): Route {
  return readRoute({
    method: 'get',
    path: '/runs/{id}/steps',
    permission: 'automation.read',
    operationId: 'runs.steps',
    tag: TAG,
    summary: 'List the steps of a run in order of execution',
    params: IdParams,
    query: z.object({
      ...PageQuery,
      path: z.string().min(1).max(1000).optional().describe('Path of a step: only this step and all steps inside it'),
    }),
    responses: { 200: { description: 'A page of steps', schema: pageOf(StepAnswer) }, ...NOT_FOUND },
    async handler({ params, query: { limit, cursor, path } }) {
      const id = uuidOrNotFound(params.id, 'run');
      if ((await getRun(db, id)) === undefined) throw notFound('run', id);
      const after = decodeCursor(StepKey, cursor);
      const rows = await stepPage(db, id, { path, limit: limit + 1, after });
      return json(
        200,
        toPage(rows, limit, toStep, (row) => ({ beganSeq: row.beganSeq, path: row.path })),
      );
    },
  });
}

function cancelRoute({ notifier, webUi }: RunsDeps): Route {
  return writeRoute({
    method: 'post',
    path: '/runs/{id}/cancel',
    permission: 'automation.manage',
    operationId: 'runs.cancel',
    tag: TAG,
    summary: 'Cancel a run: it performs no further steps',
    params: IdParams,
    responses: {
      200: { description: 'The cancelled run', schema: RunAnswer },
      409: { description: 'The run has already ended' },
      ...NOT_FOUND,
    },
    async handler({ params, tx, principal, afterCommit }) {
      const id = uuidOrNotFound(params.id, 'run');
      const cancelled = await cancelRun(tx, id, endedBy(principal.actor));
      const run = await getRun(tx, id);
      if (run === undefined) throw notFound('run', id);
      if (cancelled === null) throw new FermataError('run_closed', `The run has ended as "${run.status}".`);
      afterCommit(() => notifier.starts());
      return json(200, toRun(run, webUi));
    },
  });
}

function bulkCancelRoute({ notifier }: RunsDeps): Route {
  return writeRoute({
    method: 'post',
    path: '/runs/cancel',
    permission: 'automation.manage',
    operationId: 'runs.cancelMany',
    tag: TAG,
    summary: 'Cancel all open runs that match the filters',
    body: BulkBody,
    responses: {
      200: { description: 'Number of runs that matched, and of those that were cancelled', schema: BulkAnswer },
    },
    async handler({ body, tx, principal, afterCommit }) {
      const open = RUN_STATUSES.filter((each) => !isTerminal(each));
      const ids = await matchingRunIds(tx, bulkFilter(body, open));
      let done = 0;
      for (const id of ids) {
        if ((await cancelRun(tx, id, endedBy(principal.actor))) !== null) done += 1;
      }
      afterCommit(() => notifier.starts());
      return json(200, { matched: ids.length, done });
    },
  });
}

/** Returns the value of `endedBy` for a run that the actor cancels. */
function endedBy(actor: { id: string; name?: string }): Record<string, unknown> {
  return { kind: 'cancel', reason: `cancelled by ${actor.name ?? actor.id}` };
}
