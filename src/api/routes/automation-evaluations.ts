import { z } from 'zod';
import { isStoredAutomation, listEvaluations, type ListedEvaluation } from '../../db/evaluation-queries';
import { NOT_FOUND, TAG, type AutomationDeps } from '../automations/deps';
import { ContextName, contextNames, type NameOfKey } from '../changes/context-name';
import { decodeCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, type Route } from '../http/route';
import { IdParams, isoOrNull, notFound, Timestamp, uuidOrNotFound } from '../http/values';

const EvaluationAnswer = z
  .object({
    automationId: z.uuid(),
    triggerId: z.string().nullable(),
    changeId: z.uuid().nullable(),
    contextKey: z
      .string()
      .nullable()
      .describe('Context key that the run would have had; null when it has none or it is unknown'),
    contextName: ContextName,
    outcome: z.string().describe('config, filter, condition, already_running, max_runs, disabled, error…'),
    detail: z.string().nullable(),
    count: z.int().describe('Number of consecutive repetitions'),
    firstAt: Timestamp,
    lastAt: Timestamp,
  })
  .meta({ id: 'Evaluation' });

const ListedAnswer = EvaluationAnswer.extend({
  automationName: z.string(),
  automationDeletedAt: Timestamp.nullable().describe('null while it exists'),
}).meta({ id: 'ListedEvaluation' });

const Query = {
  ...PageQuery,
  about: z
    .string()
    .min(1)
    .max(1000)
    .optional()
    .describe('Only reasons with this context key: the id of a system, the fingerprint of an alert…'),
};

/** Returns the routes that list why changes did not start runs of an automation. */
export function automationEvaluationRoutes({ db }: Pick<AutomationDeps, 'db'>): Route[] {
  return [
    readRoute({
      method: 'get',
      path: '/evaluations',
      permission: 'automation.read',
      operationId: 'evaluations.list',
      tag: TAG,
      summary: 'List why changes did not start runs, for all automations, including deleted ones, newest first',
      query: z.object({ ...Query, automationId: z.uuid().optional() }),
      responses: { 200: { description: 'A page of evaluations', schema: pageOf(ListedAnswer) } },
      async handler({ query: { limit, cursor, ...filter } }) {
        const rows = await listEvaluations(db, filter, { limit: limit + 1, before: decodeCursor(z.int(), cursor) });
        return json(200, toPage(rows, limit, toListed(await contextNames(db, rows)), rowId));
      },
    }),
    readRoute({
      method: 'get',
      path: '/automations/{id}/evaluations',
      permission: 'automation.read',
      operationId: 'automations.evaluations',
      tag: TAG,
      summary:
        'List why changes did not start runs of an automation, newest first; for a deleted automation, until retention removes them',
      params: IdParams,
      query: z.object(Query),
      responses: { 200: { description: 'A page of evaluations', schema: pageOf(EvaluationAnswer) }, ...NOT_FOUND },
      async handler({ params, query: { limit, cursor, about } }) {
        const automationId = uuidOrNotFound(params.id, 'automation');
        if (!(await isStoredAutomation(db, automationId))) throw notFound('automation', automationId);
        const page = { limit: limit + 1, before: decodeCursor(z.int(), cursor) };
        const rows = await listEvaluations(db, { automationId, about }, page);
        return json(200, toPage(rows, limit, toAnswer(await contextNames(db, rows)), rowId));
      },
    }),
  ];
}

const rowId = ({ id }: ListedEvaluation): number => id;

const toAnswer = (nameOf: NameOfKey) => (row: ListedEvaluation) => {
  const { id: _row, automationName: _name, automationDeletedAt: _deleted, firstAt, lastAt, ...rest } = row;
  const contextName = nameOf(row.contextKey);
  return { ...rest, contextName, firstAt: firstAt.toISOString(), lastAt: lastAt.toISOString() };
};

const toListed = (nameOf: NameOfKey) => (row: ListedEvaluation) => {
  const { automationName, automationDeletedAt } = row;
  return { ...toAnswer(nameOf)(row), automationName, automationDeletedAt: isoOrNull(automationDeletedAt) };
};
