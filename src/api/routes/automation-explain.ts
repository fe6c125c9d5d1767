import { z } from 'zod';
import type { LoggedChange } from '../../db/change-queries';
import type { AutomationRecord } from '../../db/automation-store';
import { FermataError } from '../../domain/errors';
import { requireAutomation, TAG, type AutomationDeps } from '../automations/deps';
import { CandidateAnswer } from '../changes/change-answer';
import type { DryRunWork } from '../dry-run/dry-run-work';
import { triggersOf } from '../dry-run/triggers-of';
import type { DryRun } from '../dry-run/report';
import { json, readRoute, type Route } from '../http/route';
import { IdParams, Timestamp } from '../http/values';
import { candidatesOf, requireChange, type ChangeLookupDeps } from './change-lookup';
import { DryGateAnswer, DryOutcomeAnswer, DryStepAnswer, toDryStep } from './dry-runs';

const ExplainAnswer = z
  .object({
    then: z.array(CandidateAnswer).nullable().describe('The recorded outcome; null when it is no longer kept'),
    now: z.object({
      outcome: z.enum([...DryOutcomeAnswer.options, 'trigger_disabled']),
      gates: z.array(DryGateAnswer),
      steps: z.array(DryStepAnswer),
    }),
    stateAsOf: Timestamp.describe(
      'Instant at which `health.*` and `state.*` were read; `now` is the time of the change',
    ),
  })
  .meta({ id: 'Explanation' });

type ExplainDeps = AutomationDeps & ChangeLookupDeps & { dryRuns: DryRunWork };
type Now = Pick<DryRun, 'gates' | 'steps'> & { outcome: z.infer<typeof ExplainAnswer>['now']['outcome'] };

/** Returns the route that explains what an automation decided about a change, and what it would decide now. */
export function automationExplainRoutes(deps: ExplainDeps): Route[] {
  const { db, clock } = deps;
  return [
    readRoute({
      method: 'get',
      path: '/automations/{id}/explain',
      permission: 'automation.read',
      operationId: 'automations.explain',
      tag: TAG,
      summary: 'Compare the recorded outcome of a change with what the current definition would do; has no effects',
      params: IdParams,
      costly: 'always',
      query: z.object({ change: z.string().min(1).max(100).describe('Id of the change') }),
      responses: {
        200: { description: 'Both outcomes', schema: ExplainAnswer },
        404: { description: 'Automation not found, or the change is no longer kept' },
      },
      async handler({ params, query }) {
        const automation = await requireAutomation(deps, db, params.id);
        const logged = await requireChange(db, query.change);
        const stateAsOf = clock.now().toISOString();
        const { candidates } = await candidatesOf(deps, logged);
        const then = candidates?.filter(({ automationId }) => automationId === automation.id) ?? null;
        const { steps, ...now } = await explainNow(deps, automation, logged).catch(notEvaluated);
        return json(200, { then, now: { ...now, steps: steps.map(toDryStep) }, stateAsOf });
      },
    }),
  ];
}

/**
 * Returns the dry run of the first trigger that would start a run. If there is none, returns the dry run of the first
 * trigger whose event matches. The outcomes have the names that the candidates of a change have.
 */
async function explainNow(deps: ExplainDeps, automation: AutomationRecord, { change }: LoggedChange): Promise<Now> {
  const { registry, dryRuns } = deps;
  const triggers = triggersOf(registry, automation, change);
  if (triggers.length > 0 && automation.status === 'disabled') return { outcome: 'disabled', gates: [], steps: [] };
  let first: Now | undefined;
  for (const { triggerId, occurrence } of triggers) {
    const { end: _end, ...report } = await dryRuns.run(automation, {
      ...{ triggerId, past: { change, occurrence }, now: change.occurredAt, mocks: {}, actor: change.actor },
    });
    if (report.outcome === 'would_run') return report;
    // A dry run ignores the status of the automation: this outcome is about the trigger.
    first ??= report.outcome === 'disabled' ? { ...report, outcome: 'trigger_disabled' } : report;
  }
  return first ?? refused('No trigger of the automation listens to the event of the change.');
}

/**
 * Returns the result for a definition with a filter that this process lacks. The response still contains the recorded
 * outcome.
 */
function notEvaluated(error: unknown): Now {
  if (!(error instanceof FermataError) || error.code !== 'plugin_missing') throw error;
  return { outcome: 'error', gates: [{ gate: 'variables', passed: null, detail: error.message }], steps: [] };
}

const refused = (detail: string): Now => ({
  outcome: 'config',
  gates: [{ gate: 'config', passed: false, detail }],
  steps: [],
});
