import { z } from 'zod';
import { ActionStep } from './action';
import { Condition } from './condition';
import { JsonMap } from './expression-text';
import { TriggerDefinition } from './trigger';

/** The name of a group. Surrounding white space is removed; an empty name means no group. */
export const GroupName = z.string().trim().max(120);

const actions = z.array(ActionStep).default([]);

/**
 * The complete automation document (`docs/automations.md`), after `normalizeDocument` has filled in derived trigger
 * ids. Unknown keys are errors. `group` is accepted here but stored in the automation's row.
 */
export const Definition = z
  .strictObject({
    name: z.string().min(1).max(200),
    description: z.string().optional(),
    group: GroupName.optional().describe('Automations of a group are shown together; not versioned'),
    variables: JsonMap.default({}).describe('Literals or templates; rendered before the conditions'),
    triggers: z.array(TriggerDefinition).min(1),
    conditions: z.array(Condition).default([]).describe('All must hold'),
    actions,
    mode: z
      .enum(['single', 'restart', 'queued', 'parallel'])
      .default('single')
      .describe('What happens to a new run while another one is active'),
    concurrency_scope: z
      .enum(['automation', 'context_key'])
      .default('automation')
      .describe(
        'Which runs count as active: all runs of the automation, or only those with the same context key (system, incident…)',
      ),
    max_runs: z
      .int()
      .min(1)
      .max(1_000)
      .default(10)
      .describe(
        'Maximum number of active runs, for queued (running and waiting) and parallel. Further events start no run. If every event matters, use queued with a maximum that allows for bursts',
      ),
    max_exceeded: z
      .enum(['silent', 'info', 'warning', 'error'])
      .default('warning')
      .describe('Log level for events that start no run because max_runs is reached'),
    uses_state: z
      .array(z.string().min(1))
      .max(50)
      .optional()
      .describe('Ids of systems that health.systems must contain'),
    state_window_minutes: z
      .number()
      .min(1)
      .max(10_080)
      .default(60)
      .describe('Minutes that transitions_in_window covers'),
    on_failure: actions.describe('Run once when the run fails, with run.error'),
  })
  .meta({ id: 'Automation', title: 'Fermata automation' });
export type Definition = z.infer<typeof Definition>;
