import { z } from 'zod';
import type { ActionKind } from './action-kind';
import { Condition } from './condition';
import { Duration } from './duration';
import { TRIGGER_ID } from './trigger';
import { Enabled, ExpressionText, JsonMap, TemplateText } from './expression-text';

/** Pattern of action ids. */
export const ACTION_ID = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
const MAX_WAIT_SECONDS = 2_592_000;
/** Default maximum number of iterations of a loop. */
export const DEFAULT_MAX_ITERATIONS = 1_000;

const base = {
  id: z
    .string()
    .regex(ACTION_ID, { error: 'A letter or "_" first, then letters, digits or "_", at most 64 characters' })
    .optional()
    .describe('Unique in the document; needed to use the artifact of the action'),
  description: z.string().optional(),
  enabled: Enabled.default(true),
  continue_on_error: z.boolean().default(false).describe('Continue with the next action when this one fails'),
};

const Retry = z.strictObject({
  max_attempts: z.int().min(1).max(1_000).default(3),
  initial_seconds: z.number().positive().max(86_400).default(1),
  factor: z.number().min(1).max(100).default(2),
  max_seconds: z.number().positive().max(86_400).default(60),
});

const ProviderAction = z
  .strictObject({
    ...base,
    action: z.string().min(1).describe('<plugin>.<name>'),
    config: JsonMap.default({}).describe("Checked against the action's own schema"),
    timeout_seconds: z.number().positive().max(86_400).optional().describe('Time limit of each attempt'),
    retry: Retry.prefault({}),
  })
  .describe('Perform an action');
export type ProviderAction = z.infer<typeof ProviderAction>;

const StepList: z.ZodType<ActionStep[]> = z.lazy(() => z.array(ActionStep));

const Choose = z
  .strictObject({
    ...base,
    choose: z.array(z.strictObject({ when: Condition, sequence: StepList })).min(1),
    else: StepList.default([]),
  })
  .describe('Run the first branch whose condition holds');

const Parallel = z
  .strictObject({ ...base, parallel: z.lazy(() => z.array(ActionStep).min(1)) as z.ZodType<ActionStep[]> })
  .describe('Run all entries in parallel; each is a branch');

const Sequence = z.strictObject({ ...base, sequence: StepList }).describe('Run steps one after another');

const repeatBase = {
  sequence: StepList,
  max_iterations: z.int().min(1).max(100_000).default(DEFAULT_MAX_ITERATIONS),
};
const RepeatCount = z.strictObject({
  ...repeatBase,
  count: z.union([z.int().min(0).max(10_000), ExpressionText], { error: 'not a count' }),
});
/** Maximum number of concurrent iterations of one loop. */
const MAX_AT_A_TIME = 100;
const RepeatForEach = z.strictObject({
  ...repeatBase,
  for_each: ExpressionText,
  parallel: z
    .int()
    .min(1)
    .max(MAX_AT_A_TIME)
    .optional()
    .describe('Maximum number of concurrent iterations, each on a copy of the variables; default: one after another'),
});
const RepeatWhile = z.strictObject({ ...repeatBase, while: Condition });
const RepeatUntil = z.strictObject({ ...repeatBase, until: Condition });
/** The four forms of `repeat`, by the key that distinguishes them. */
export const REPEAT_FORMS = { count: RepeatCount, for_each: RepeatForEach, while: RepeatWhile, until: RepeatUntil };
const Repeat = z
  .strictObject({
    ...base,
    repeat: z.union([RepeatCount, RepeatForEach, RepeatWhile, RepeatUntil], { error: 'not a repeat' }),
  })
  .describe('Repeat steps');

const Delay = z.strictObject({ ...base, delay: Duration }).describe('Wait for a fixed time');
export type DelayAction = z.infer<typeof Delay>;

const Variables = z
  .strictObject({
    ...base,
    variables: JsonMap.refine((map) => Object.keys(map).length > 0, { error: 'Set at least one variable' }),
  })
  .describe('Set variables of the run');
export type VariablesAction = z.infer<typeof Variables>;

const ConditionStep = z.strictObject({ ...base, condition: Condition }).describe('End the run here unless this holds');
export type ConditionAction = z.infer<typeof ConditionStep>;

const Stop = z
  .strictObject({
    ...base,
    stop: z.strictObject({
      reason: z.string().min(1).describe('A template; shown on the run; truncated to 2,000 characters'),
      error: z.boolean().default(false),
    }),
  })
  .describe('End the run');
export type StopAction = z.infer<typeof Stop>;

const awaited = {
  id: z
    .string()
    .regex(TRIGGER_ID, { error: 'A letter first, then letters, digits, "_" or "-", at most 64 characters' })
    .optional()
    .describe('Id of the entry, read as wait.trigger.id; default: the event'),
  event: z.string().describe('<plugin>.<name>'),
  config: JsonMap.default({}),
  filter: ExpressionText.optional(),
  context_key: TemplateText.optional().describe('Context key of the event; default: that of the run; "*" = any'),
};
const waitEnd = {
  timeout_seconds: z.number().min(1).max(MAX_WAIT_SECONDS).optional(),
  continue_on_timeout: z.boolean().default(false),
};
/** Maximum number of events that one wait may list. */
const MAX_AWAITED = 50;
const WaitForOne = z.strictObject({ ...awaited, ...waitEnd });
const WaitForAny = z.strictObject({
  triggers: z
    .array(z.strictObject(awaited))
    .min(1)
    .max(MAX_AWAITED)
    .describe('The first of these events ends the wait'),
  ...waitEnd,
});
/** The two forms of `wait_for_trigger`: for a single event, and for the first of several. */
export const AWAITED_FORMS = { one: WaitForOne, any: WaitForAny };

const WaitForTrigger = z
  .strictObject({
    ...base,
    wait_for_trigger: z.union([WaitForOne, WaitForAny], { error: 'not an event or a list of events' }),
  })
  .describe('Wait until an event happens');
export type WaitForTriggerAction = z.infer<typeof WaitForTrigger>;

const WaitUntil = z
  .strictObject({
    ...base,
    wait_until: z.strictObject({
      condition: Condition,
      timeout_seconds: z.number().min(1).max(MAX_WAIT_SECONDS).optional(),
      continue_on_timeout: z.boolean().default(true),
    }),
  })
  .describe('Wait until a condition holds');
export type WaitUntilAction = z.infer<typeof WaitUntil>;

/** Schema of each step kind, by its key. */
export const ACTION_FORMS = {
  action: ProviderAction,
  choose: Choose,
  parallel: Parallel,
  sequence: Sequence,
  repeat: Repeat,
  delay: Delay,
  variables: Variables,
  condition: ConditionStep,
  stop: Stop,
  wait_for_trigger: WaitForTrigger,
  wait_until: WaitUntil,
} as const satisfies Record<ActionKind, z.ZodObject>;

type StepBase = Pick<DelayAction, keyof typeof base>;

/** Performs the steps of the first branch whose `when` is true, or those of `else` if there is no such branch. */
export interface ChooseAction extends StepBase {
  choose: { when: Condition; sequence: ActionStep[] }[];
  else: ActionStep[];
}
/** Performs branches concurrently. Each entry is a branch. */
export interface ParallelAction extends StepBase {
  parallel: ActionStep[];
}
/** Performs steps in order. */
export interface SequenceAction extends StepBase {
  sequence: ActionStep[];
}
/** A loop of one of four kinds. */
export interface RepeatAction extends StepBase {
  repeat: { sequence: ActionStep[]; max_iterations: number } & (
    | { count: number | string }
    | { for_each: string; parallel?: number | undefined }
    | { while: Condition }
    | { until: Condition }
  );
}

/** A step. The type is written out because it is recursive. The schema below is checked against it. */
export type ActionStep =
  | ProviderAction
  | ChooseAction
  | ParallelAction
  | SequenceAction
  | RepeatAction
  | DelayAction
  | VariablesAction
  | ConditionAction
  | StopAction
  | WaitForTriggerAction
  | WaitUntilAction;

export const ActionStep: z.ZodType<ActionStep> = z
  .union(
    [
      ProviderAction,
      Choose,
      Parallel,
      Sequence,
      Repeat,
      Delay,
      Variables,
      ConditionStep,
      Stop,
      WaitForTrigger,
      WaitUntil,
    ],
    { error: 'not an action' },
  )
  .meta({ id: 'Action', description: 'One step, of exactly one kind' });
