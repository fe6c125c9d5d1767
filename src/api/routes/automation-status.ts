import { z } from 'zod';
import type { AutomationStatus } from '../../db/automation-store';
import { cancelRunsOf } from '../../db/runs/run-states';
import { AutomationAnswer, AUTOMATION_TYPES, reply } from '../automations/answer';
import { NOT_FOUND, requireAutomation, TAG, type AutomationDeps } from '../automations/deps';
import { assertIfMatch, IF_MATCH } from '../http/etag';
import { writeRoute, type Route, type Reply, type WriteContext } from '../http/route';
import { FlagQuery, IdParams } from '../http/values';
import { automationEtag } from '../../db/automation-store';
import { knownReferences } from '../../db/known-references';

const RESPONSES = {
  200: { description: 'The automation', schema: AutomationAnswer, contentTypes: AUTOMATION_TYPES },
  ...IF_MATCH.responses,
  ...NOT_FOUND,
};

/** Returns the routes that enable and disable automations, including those managed from Git. */
export function automationStatusRoutes(deps: AutomationDeps): Route[] {
  return [
    writeRoute({
      method: 'post',
      path: '/automations/{id}/enable',
      permission: 'automation.manage',
      operationId: 'automations.enable',
      tag: TAG,
      summary: 'Enable an automation; conditions that already hold start nothing until the next change',
      params: IdParams,
      headers: IF_MATCH.headers,
      responses: RESPONSES,
      handler: (context) => setStatus(deps, context, 'enabled'),
    }),
    writeRoute({
      method: 'post',
      path: '/automations/{id}/disable',
      permission: 'automation.manage',
      operationId: 'automations.disable',
      tag: TAG,
      summary: 'Disable an automation; open runs finish unless `cancelRuns` is set',
      params: IdParams,
      query: z.object({ cancelRuns: FlagQuery.optional().describe('Also cancel open runs') }),
      headers: IF_MATCH.headers,
      responses: RESPONSES,
      async handler(context) {
        const { tx, query, params, afterCommit } = context;
        const { id } = await requireAutomation(deps, tx, params.id);
        if (query.cancelRuns === true) {
          // Lock the runs before the automation, in the same order as the admission of a run.
          await cancelRunsOf(tx, id, { kind: 'cancel', reason: 'the automation was disabled' });
          afterCommit(() => deps.notifier.starts());
        }
        return setStatus(deps, context, 'disabled');
      },
    }),
  ];
}

async function setStatus(
  deps: AutomationDeps,
  { params, tx, principal, request, afterCommit }: WriteContext<z.infer<typeof IdParams>, unknown, unknown>,
  status: AutomationStatus,
): Promise<Reply> {
  const current = await requireAutomation(deps, tx, params.id);
  const ifMatch = request.headers['if-match'];
  const record = await deps.automations.update(tx, current.id, {
    status,
    actor: principal.actor,
    check: (locked) => assertIfMatch(ifMatch, automationEtag(locked)),
  });
  afterCommit(() => deps.notifier.definitions());
  return reply(200, record, request, deps.validator, { known: await knownReferences(tx) });
}
