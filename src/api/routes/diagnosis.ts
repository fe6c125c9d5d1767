import { z } from 'zod';
import type { Executor } from '../../db/executor';
import { diagnose, Problem } from '../diagnosis';
import { json, readRoute, type Route } from '../http/route';

/** What is wrong with the installation. */
export function diagnosisRoutes(deps: { db: Executor; checkTemporal: () => Promise<void> }): Route[] {
  return [
    readRoute({
      method: 'get',
      path: '/diagnosis',
      permission: 'automation.read',
      operationId: 'operations.diagnose',
      tag: 'Operations',
      summary: 'Everything that is known to be wrong, with what to do about it',
      responses: {
        200: { description: 'The problems, the most severe first', schema: z.object({ items: z.array(Problem) }) },
      },
      handler: async () => json(200, { items: await diagnose(deps) }),
    }),
  ];
}
