import { z } from 'zod';
import type { Executor } from '../../db/executor';
import { scopeAt } from '../../db/runs/scope-at';
import { artifactScope } from '../../domain/run/scope';
import { json, readRoute, type Route } from '../http/route';
import { IdParams, notFound, uuidOrNotFound } from '../http/values';

const Document = z.record(z.string(), z.unknown());

const ScopeAnswer = z
  .object({
    runId: z.uuid(),
    actionPath: z.string().nullable(),
    snapshot: z
      .boolean()
      .describe(
        'true: the step has begun, and this is the scope that it saw; false: this is the latest scope of the run',
      ),
    scope: z.object({
      trigger: Document,
      artifacts: z.record(z.string(), Document).describe('By action id and name'),
      variables: Document,
      var: Document.describe('The same as `variables`'),
      repeat: Document.optional().describe('The innermost loop around the step: index, first, last, item'),
      wait: Document.optional().describe('Result of the last wait'),
      contextKey: z.string().nullable(),
      run: z.object({ id: z.uuid(), startedAt: z.string().nullable() }),
      automation: z.object({ id: z.uuid(), name: z.string(), group: z.string().nullable() }),
    }),
  })
  .meta({ id: 'RunScope' });

/** Returns the route for the scope of a step. Users can test the step's script or templates with this scope. */
export function runScopeRoutes({ db }: { db: Executor }): Route[] {
  return [
    readRoute({
      method: 'get',
      path: '/runs/{id}/scope',
      permission: 'automation.read',
      operationId: 'runs.scope',
      tag: 'Runs',
      summary: 'Get the scope of the expressions of a step: trigger, variables, artifacts',
      description: 'Live state (`health`, `state`, `now`) is not kept. Secrets are masked.',
      params: IdParams,
      query: z.object({
        actionPath: z.string().min(1).max(1000).optional().describe('Path of the step, e.g. `actions[2]`'),
      }),
      responses: {
        200: { description: 'The scope', schema: ScopeAnswer },
        404: { description: 'Run not found' },
      },
      async handler({ params, query }) {
        const id = uuidOrNotFound(params.id, 'run');
        const path = query.actionPath ?? null;
        const found = await scopeAt(db, id, path);
        if (found === null) throw notFound('run', id);
        const { trigger, variables, contextKey, run, automation, begun } = found;
        const scope = {
          ...{ trigger, artifacts: artifactScope(found.artifacts), variables, var: variables },
          ...(found.repeat === null ? {} : { repeat: found.repeat }),
          ...(found.wait === null ? {} : { wait: found.wait }),
          ...{ contextKey, run, automation },
        };
        return json(200, { runId: id, actionPath: path, snapshot: begun, scope });
      },
    }),
  ];
}
