import { z } from 'zod';
import type { AutomationStore } from '../../db/automation-store';
import type { Executor } from '../../db/executor';
import type { Notifier } from '../../db/notifier';
import { getRun, matchingRunIds, retriedAmong } from '../../db/run-queries';
import type { Ids } from '../../domain/clock';
import type { FiltersLacking } from '../../domain/definition/filters-lacking';
import { FermataError } from '../../domain/errors';
import { retryRun, type RetryDeps } from '../../engine/start/retry';
import type { Evaluator } from '../../evaluation/evaluator';
import { json, writeRoute, type Route } from '../http/route';
import { IdParams, notFound, uuidOrNotFound } from '../http/values';
import { BulkAnswer, BulkBody, bulkFilter } from '../runs/bulk-filter';

const TAG = 'Runs';

const RetryBody = z
  .strictObject({
    from: z
      .enum(['start', 'failure'])
      .default('failure')
      .describe('`failure`: steps that succeeded are not repeated; `start`: all steps run again'),
  })
  .prefault({});

interface RetriesDeps {
  automations: AutomationStore;
  evaluator: Evaluator;
  filtersLacking: FiltersLacking;
  ids: Ids;
  notifier: Notifier;
}

/** Returns the routes that retry failed runs. */
export function runRetryRoutes(deps: RetriesDeps): Route[] {
  return [retryRoute(deps), bulkRetryRoute(deps)];
}

const withTransaction = ({ automations, evaluator, filtersLacking, ids }: RetriesDeps, tx: Executor): RetryDeps => ({
  ...{ tx, automations, evaluator, filtersLacking, ids },
});

function retryRoute(deps: RetriesDeps): Route {
  return writeRoute({
    method: 'post',
    path: '/runs/{id}/retry',
    permission: 'automation.manage',
    operationId: 'runs.retry',
    tag: TAG,
    summary: 'Retry a failed run, as a new run on the same version',
    params: IdParams,
    body: RetryBody,
    responses: {
      201: { description: 'The new run, which is pending', schema: z.object({ runId: z.uuid() }) },
      404: { description: 'Run not found' },
      409: { description: 'The run has not failed (`not_retryable`), or the mode forbids it' },
    },
    async handler({ params, body, tx, afterCommit }) {
      const id = uuidOrNotFound(params.id, 'run');
      const run = await getRun(tx, id);
      if (run === undefined) throw notFound('run', id);
      const runId = await retryRun(withTransaction(deps, tx), run, body.from);
      afterCommit(() => deps.notifier.starts());
      return json(201, { runId }, { Location: `/api/v1/runs/${runId}` });
    },
  });
}

function bulkRetryRoute(deps: RetriesDeps): Route {
  return writeRoute({
    method: 'post',
    path: '/runs/retry',
    permission: 'automation.manage',
    operationId: 'runs.retryMany',
    tag: TAG,
    summary: 'Retry all failed runs that match the filters, each from its failed step, oldest first',
    description: 'A run that already has a retry is skipped. If that retry failed too, the retry itself is retried.',
    body: BulkBody,
    responses: {
      200: { description: 'Number of runs that matched, and of those that were retried', schema: BulkAnswer },
    },
    async handler({ body, tx, afterCommit }) {
      const ids = await matchingRunIds(tx, bulkFilter(body, ['failed']));
      const retried = await retriedAmong(tx, ids);
      let done = 0;
      for (const id of ids.toReversed()) {
        if (!retried.has(id) && (await retryUnlessRefused(withTransaction(deps, tx), id))) done += 1;
      }
      afterCommit(() => deps.notifier.starts());
      return json(200, { matched: ids.length, done });
    },
  });
}

/**
 * Retries a run. Returns false if the run's mode, status or automation does not allow a retry, so that the remaining
 * runs are still retried.
 */
async function retryUnlessRefused(deps: RetryDeps, id: string): Promise<boolean> {
  const run = await getRun(deps.tx, id);
  if (run === undefined) return false;
  try {
    await retryRun(deps, run, 'failure');
    return true;
  } catch (error) {
    if (error instanceof FermataError && error.status < 500) return false;
    throw error;
  }
}
