import { z } from 'zod';
import type { Executor } from '../../db/executor';
import type { ApiMetrics } from '../metrics';
import type { Notifier } from '../../db/notifier';
import { artifactsOf, getRun, isTerminal, listRuns, matchingRunIds, stepsOf } from '../../db/run-queries';
import { cancelRun } from '../../db/runs/cancel';
import { RUN_STATUSES } from '../../db/tables/runs';
import { FermataError } from '../../domain/errors';
import { decodeCursor, IdCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, writeRoute, type Route } from '../http/route';
import { IdParams, InstantQuery, notFound, uuidOrNotFound } from '../http/values';
import { BulkAnswer, BulkBody, bulkFilter } from '../runs/bulk-filter';
import { ArtifactAnswer, RunAnswer, StepAnswer, toArtifact, toRun, toStep, type WebUi } from './run-schema';

const TAG = 'Runs';
const NOT_FOUND = { 404: { description: 'There is no such run' } };

const RunDetail = z.object({ run: RunAnswer, steps: z.array(StepAnswer), artifacts: z.array(ArtifactAnswer) });

/** Several statuses may be given, comma separated. */
const StatusQuery = z
  .string()
  .transform((text) => text.split(',').map((status) => status.trim()))
  .pipe(z.array(z.enum(RUN_STATUSES)).min(1));

const ListQuery = z.object({
  ...PageQuery,
  automationId: z.uuid().optional(),
  status: StatusQuery.optional().describe('One status or several, comma separated'),
  contextKey: z.string().optional(),
  from: InstantQuery.optional().describe('Created at or after'),
  to: InstantQuery.optional().describe('Created at or before'),
  q: z.string().min(1).max(200).optional().describe("Part of the automation's name, context key or event; or an id"),
});

interface RunsDeps {
  db: Executor;
  metrics: ApiMetrics;
  notifier: Notifier;
  webUi: WebUi;
}

/** What was and is done. */
export function runRoutes(deps: RunsDeps): Route[] {
  return [listRoute(deps), detailRoute(deps), bulkCancelRoute(deps), cancelRoute(deps)];
}

function listRoute({ db, webUi }: RunsDeps): Route {
  return readRoute({
    method: 'get',
    path: '/runs',
    permission: 'automation.read',
    operationId: 'runs.list',
    tag: TAG,
    summary: 'Runs, newest first',
    query: ListQuery,
    responses: { 200: { description: 'A page of runs', schema: pageOf(RunAnswer) } },
    async handler({ query: { limit, cursor, ...filter } }) {
      const rows = await listRuns(db, filter, { limit: limit + 1, before: decodeCursor(IdCursor, cursor) });
      return json(
        200,
        toPage(
          rows,
          limit,
          (row) => toRun(row, webUi),
          (row) => row.id,
        ),
      );
    },
  });
}

function detailRoute({ db, webUi }: RunsDeps): Route {
  return readRoute({
    method: 'get',
    path: '/runs/{id}',
    permission: 'automation.read',
    operationId: 'runs.get',
    tag: TAG,
    summary: 'A run with its steps and artifacts',
    params: IdParams,
    responses: { 200: { description: 'The run', schema: RunDetail }, ...NOT_FOUND },
    async handler({ params }) {
      const id = uuidOrNotFound(params.id, 'run');
      const run = await getRun(db, id);
      if (run === undefined) throw notFound('run', id);
      const [steps, artifacts] = await Promise.all([stepsOf(db, id), artifactsOf(db, id)]);
      return json(200, { run: toRun(run, webUi), steps: steps.map(toStep), artifacts: artifacts.map(toArtifact) });
    },
  });
}

function cancelRoute({ notifier, webUi, metrics }: RunsDeps): Route {
  return writeRoute({
    method: 'post',
    path: '/runs/{id}/cancel',
    permission: 'automation.manage',
    operationId: 'runs.cancel',
    tag: TAG,
    summary: 'End a run: it does no further step',
    params: IdParams,
    responses: {
      200: { description: 'The cancelled run', schema: RunAnswer },
      409: { description: 'The run had ended before' },
      ...NOT_FOUND,
    },
    async handler({ params, tx, principal, afterCommit }) {
      const id = uuidOrNotFound(params.id, 'run');
      const cancelled = await cancelRun(tx, id, endedBy(principal.actor));
      const run = await getRun(tx, id);
      if (run === undefined) throw notFound('run', id);
      if (!cancelled) throw new FermataError('run_closed', `The run has ended as "${run.status}".`);
      afterCommit(() => {
        notifier.starts();
        metrics.countCancelled(1);
      });
      return json(200, toRun(run, webUi));
    },
  });
}

function bulkCancelRoute({ notifier, metrics }: RunsDeps): Route {
  return writeRoute({
    method: 'post',
    path: '/runs/cancel',
    permission: 'automation.manage',
    operationId: 'runs.cancelMany',
    tag: TAG,
    summary: 'End all runs that match',
    body: BulkBody,
    responses: {
      200: { description: 'How many matched and were ended', schema: BulkAnswer },
    },
    async handler({ body, tx, principal, afterCommit }) {
      const open = RUN_STATUSES.filter((each) => !isTerminal(each));
      const ids = await matchingRunIds(tx, bulkFilter(body, open));
      let done = 0;
      for (const id of ids) if (await cancelRun(tx, id, endedBy(principal.actor))) done += 1;
      afterCommit(() => {
        notifier.starts();
        metrics.countCancelled(done);
      });
      return json(200, { matched: ids.length, done });
    },
  });
}

/** What a run's row keeps of who ended it. */
function endedBy(actor: { id: string; name?: string }): Record<string, unknown> {
  return { kind: 'cancel', reason: `cancelled by ${actor.name ?? actor.id}` };
}
