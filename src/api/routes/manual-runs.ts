import { z } from 'zod';
import type { Clock, Ids } from '../../domain/clock';
import type { FiltersLacking } from '../../domain/definition/filters-lacking';
import type { Registry } from '../../domain/registry/registry';
import { startManualRun } from '../../engine/start/manual';
import type { Evaluator } from '../../evaluation/evaluator';
import { NOT_FOUND, requireAutomation, TAG, type AutomationDeps } from '../automations/deps';
import { json, writeRoute, type Route } from '../http/route';
import { IdParams } from '../http/values';

const ManualRun = z
  .strictObject({
    triggerId: z.string().optional().describe('Trigger that the run starts with; the payload has to match its schema'),
    payload: z.record(z.string(), z.unknown()).optional(),
    contextKey: z
      .string()
      .min(1)
      .max(1000)
      .optional()
      .describe('Context key of the run; default: the key that the trigger derives from the payload'),
    skipConditions: z.boolean().default(true).describe('Start the run even if the conditions do not hold'),
  })
  .prefault({});

interface ManualRunsDeps extends AutomationDeps {
  registry: Registry;
  evaluator: Evaluator;
  filtersLacking: FiltersLacking;
  ids: Ids;
  clock: Clock;
}

/** Returns the routes that start automations manually. */
export function manualRunRoutes(deps: ManualRunsDeps): Route[] {
  const { registry, evaluator, filtersLacking, ids, clock, notifier } = deps;
  return [
    writeRoute({
      method: 'post',
      path: '/automations/{id}/runs',
      permission: 'automation.manage',
      operationId: 'automations.run',
      tag: TAG,
      summary: 'Start a run manually, even if the automation is disabled or Temporal is unavailable',
      params: IdParams,
      body: ManualRun,
      responses: {
        201: { description: 'The new run, which is pending', schema: z.object({ runId: z.uuid() }) },
        409: { description: 'The mode forbids it (`already_running`, `max_runs`) or the conditions do not hold' },
        ...NOT_FOUND,
      },
      async handler({ params, body, tx, principal, afterCommit }) {
        const automation = await requireAutomation(deps, tx, params.id);
        // The run is admitted in the transaction of the request, together with its audit row and response.
        const request = { ...body, actor: principal.actor };
        const run = { tx, registry, evaluator, filtersLacking, ids, now: () => clock.now() };
        const { runId } = await startManualRun(run, automation, request);
        afterCommit(() => notifier.starts());
        return json(201, { runId }, { Location: `/api/v1/runs/${runId}` });
      },
    }),
  ];
}
