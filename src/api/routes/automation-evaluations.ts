import { z } from 'zod';
import { listEvaluations } from '../../db/evaluation-queries';
import { NOT_FOUND, requireAutomation, TAG, type AutomationDeps } from '../automations/deps';
import { decodeCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, type Route } from '../http/route';
import { IdParams, Timestamp } from '../http/values';

const EvaluationAnswer = z
  .object({
    automationId: z.uuid(),
    triggerId: z.string().nullable(),
    changeId: z.uuid().nullable(),
    outcome: z.string().describe('config, filter, condition, already_running, max_runs, disabled, error…'),
    detail: z.string().nullable(),
    count: z.int().describe('How often in a row'),
    firstAt: Timestamp,
    lastAt: Timestamp,
  })
  .meta({ id: 'Evaluation' });

/** Why it did not run. */
export function automationEvaluationRoutes(deps: AutomationDeps): Route[] {
  return [
    readRoute({
      method: 'get',
      path: '/automations/{id}/evaluations',
      permission: 'automation.read',
      operationId: 'automations.evaluations',
      tag: TAG,
      summary: 'Why changes did not become runs, newest first',
      params: IdParams,
      query: z.object(PageQuery),
      responses: { 200: { description: 'A page of evaluations', schema: pageOf(EvaluationAnswer) }, ...NOT_FOUND },
      async handler({ params, query: { limit, cursor } }) {
        const { id } = await requireAutomation(deps, deps.db, params.id);
        const before = decodeCursor(z.int(), cursor);
        const rows = await listEvaluations(deps.db, id, { limit: limit + 1, before });
        return json(
          200,
          toPage(
            rows,
            limit,
            ({ id: _row, firstAt, lastAt, ...rest }) => ({
              ...rest,
              firstAt: firstAt.toISOString(),
              lastAt: lastAt.toISOString(),
            }),
            (row) => row.id,
          ),
        );
      },
    }),
  ];
}
