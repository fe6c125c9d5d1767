import { z } from 'zod';
import { Instant } from '../../domain/instant';
import type { AutomationRecord } from '../../db/automation-store';
import type { Clock } from '../../domain/clock';
import type { Actor } from '../../domain/entities/change';
import { FermataError } from '../../domain/errors';
import type { Registry } from '../../domain/registry/registry';
import { NOT_FOUND, requireAutomation, TAG, type AutomationDeps } from '../automations/deps';
import { PartAnswer } from '../changes/change-answer';
import type { DryRunWork } from '../dry-run/dry-run-work';
import type { DryStep } from '../dry-run/report';
import { triggersOf } from '../dry-run/triggers-of';
import { json, readRoute, type Route } from '../http/route';
import { IdParams } from '../http/values';
import { requireChange } from './change-lookup';

const Document = z.record(z.string(), z.unknown());

const DryRunInput = z.strictObject({
  triggerId: z.string().optional().describe('Id of the trigger to simulate; default with a payload: the only trigger'),
  payload: Document.optional().describe(
    'Payload of the trigger. It may be incomplete; the response then lists the fields that real events also have',
  ),
  changeId: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe('Id of a past change to use instead of `payload`; `now` defaults to the time of the change'),
  contextKey: z
    .string()
    .min(1)
    .max(1000)
    .optional()
    .describe('Context key of the run; default: the key that the trigger derives from the payload'),
  now: Instant.optional().describe('Instant to evaluate at; live state is always the current state'),
  mocks: z
    .record(z.string(), Document)
    .default({})
    .describe(
      'Data of artifacts and results of waits (in the form of `wait`), by id or path of the step. They may be incomplete',
    ),
});

const DryRunBody = DryRunInput.extend({
  definition: Document.optional().describe('Unsaved document to run; default: the current version'),
}).prefault({});

const NewDryRunBody = DryRunInput.extend({ definition: Document.describe('The document, which need not be saved') });

export const DryOutcomeAnswer = z.enum([
  'would_run',
  'config',
  'silenced',
  'filter',
  'condition',
  'already_running',
  'max_runs',
  'disabled',
  'error',
]);

export const DryGateAnswer = z.object({
  gate: z.string(),
  passed: z.boolean().nullable().describe('null when a dry run does not evaluate this gate and treats it as passed'),
  detail: z.string().optional(),
  deciding: PartAnswer.optional().describe('The smallest part of a config, filter or condition that was false'),
  conditions: z
    .array(Document)
    .optional()
    .describe('Evaluated conditions with their result, actual and expected values'),
  variables: Document.optional(),
});

export const DryStepAnswer = z.object({
  path: z.string(),
  actionId: z.string().nullable(),
  kind: z.string(),
  action: z.string().nullable(),
  status: z.enum(['success', 'failed', 'skipped', 'cancelled']),
  config: z.unknown().describe('Rendered configuration; secrets are shown as placeholders'),
  result: z.unknown(),
  error: Document.nullable(),
  trace: Document.nullable(),
});

const DryRunAnswer = z
  .object({
    outcome: DryOutcomeAnswer,
    gates: z.array(DryGateAnswer),
    steps: z.array(DryStepAnswer),
    end: z
      .object({
        status: z.enum(['success', 'failed']),
        endedBy: Document.nullable(),
        error: Document.nullable(),
      })
      .nullable()
      .describe('Status that the run would end with; null when a gate refuses the event'),
  })
  .meta({ id: 'DryRun' });

/** Converts a dry-run step to its response format. */
export function toDryStep({ config, result, error, trace, ...step }: DryStep) {
  return { ...step, config: config ?? null, result: result ?? null, error: error ?? null, trace: trace ?? null };
}

interface DryRunsDeps extends AutomationDeps {
  registry: Registry;
  dryRuns: DryRunWork;
  clock: Clock;
}

/** Returns the routes for dry runs. */
export function dryRunRoutes(deps: DryRunsDeps): Route[] {
  return [newDryRunRoute(deps), dryRunRoute(deps)];
}

const COMMON = {
  method: 'post',
  permission: 'automation.manage',
  tag: TAG,
  costly: 'always',
  description: 'Takes at most 10 seconds. At most four concurrent calls per token.',
} as const;

const DONE = { 200: { description: 'The gates, steps and outcome', schema: DryRunAnswer } };

function dryRunRoute(deps: DryRunsDeps): Route {
  return readRoute({
    ...COMMON,
    path: '/automations/{id}/dry-run',
    operationId: 'automations.dryRun',
    summary: 'Run an automation with a payload, without effects',
    params: IdParams,
    body: DryRunBody,
    responses: { ...DONE, ...NOT_FOUND },
    async handler({ params, body: { definition, ...input }, principal }) {
      const saved = await requireAutomation(deps, deps.db, params.id);
      const unsaved = definition && (await deps.validator.accept(definition));
      const automation = unsaved === undefined ? saved : { ...saved, definition: unsaved };
      return json(200, await dryRunOf(deps, automation, input, principal.actor));
    },
  });
}

function newDryRunRoute(deps: DryRunsDeps): Route {
  return readRoute({
    ...COMMON,
    path: '/automations/dry-run',
    operationId: 'automations.dryRunDocument',
    summary: 'Run an unsaved document with a payload, without effects',
    body: NewDryRunBody,
    responses: DONE,
    async handler({ body: { definition, ...input }, principal }) {
      const automation = unsavedAutomation(await deps.validator.accept(definition), deps.clock.now());
      return json(200, await dryRunOf(deps, automation, input, principal.actor));
    },
  });
}

/**
 * Returns a document as if it were a saved automation. Its id is the nil UUID, so no runs or dwells are found for it.
 */
function unsavedAutomation(definition: AutomationRecord['definition'], now: Date): AutomationRecord {
  const { name, description = null, group = null } = definition;
  return {
    ...{ id: NIL_UUID, name, description, group, definition },
    ...{ status: 'disabled', managedBy: 'api', sourceName: null, provenance: null, sourceYaml: null },
    ...{ version: 1, revision: 0, createdAt: now, updatedAt: now, lastTriggeredAt: null },
  };
}

const NIL_UUID = '00000000-0000-0000-0000-000000000000';

async function dryRunOf(
  deps: DryRunsDeps,
  automation: AutomationRecord,
  input: z.infer<typeof DryRunInput>,
  actor: Actor,
) {
  const { changeId, ...given } = input;
  const past = changeId === undefined ? undefined : await pastInput(deps, automation, changeId, given);
  const now = input.now === undefined ? deps.clock.now() : new Date(input.now);
  const report = await deps.dryRuns.run(automation, { ...given, actor, now, ...past });
  const end = report.end && { endedBy: null, error: null, ...report.end };
  return { ...report, steps: report.steps.map(toDryStep), end };
}

/**
 * Returns the trigger, event, instant and actor of a past change.
 * @throws {FermataError} when no trigger listens to the change
 */
async function pastInput(
  { db, registry }: DryRunsDeps,
  automation: AutomationRecord,
  changeId: string,
  given: { triggerId?: string | undefined; payload?: unknown; now?: string | undefined },
) {
  if (given.payload !== undefined) throw new FermataError('validation_failed', 'Give payload or changeId, not both.');
  const { change } = await requireChange(db, changeId);
  const listening = triggersOf(registry, automation, change).filter(
    ({ triggerId }) => (given.triggerId ?? triggerId) === triggerId,
  );
  const listener = listening.find(({ matchesConfig }) => matchesConfig) ?? listening[0];
  if (listener === undefined)
    throw new FermataError('validation_failed', 'No trigger of the automation listens to the event of the change.');
  const now = given.now === undefined ? change.occurredAt : new Date(given.now);
  return {
    ...{ triggerId: listener.triggerId, past: { change, occurrence: listener.occurrence } },
    ...{ now, actor: change.actor },
  };
}
