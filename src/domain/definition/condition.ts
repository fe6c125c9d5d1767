import { z } from 'zod';
import { Duration } from './duration';
import { ExpressionText } from './expression-text';
import { isTimeOfDay, isTimezone, WEEKDAYS } from './time-of-day';

/**
 * A condition. A list means `and`. The type is written out because it is recursive. The schemas below are checked
 * against it.
 */
export type Condition =
  | boolean
  | string
  | Condition[]
  | { and: Condition[] }
  | { or: Condition[] }
  | { not: Condition }
  | NumericStateCondition
  | StateCondition
  | TimeCondition
  | TriggerCondition;

const nested: z.ZodType<Condition> = z.lazy(() => Condition);

const AndCondition = z.strictObject({ and: z.array(nested) }).describe('All hold');
const OrCondition = z.strictObject({ or: z.array(nested) }).describe('At least one holds');
const NotCondition = z.strictObject({ not: nested }).describe('Does not hold');

const bound = z.number().optional();
const NumericStateCondition = z
  .strictObject({
    numeric_state: z
      .strictObject({
        value: z.union([z.number(), ExpressionText], { error: 'not a number or expression' }),
        above: bound.describe('Strictly above'),
        below: bound.describe('Strictly below'),
      })
      .superRefine(({ above, below }, ctx) => {
        if (above === undefined && below === undefined) {
          ctx.addIssue({ code: 'custom', message: 'Give "above", "below" or both' });
        } else if (above !== undefined && below !== undefined && above >= below) {
          ctx.addIssue({ code: 'custom', message: `No number can be above ${above} and below ${below}` });
        }
      }),
  })
  .describe('Holds when a number is within bounds');
export type NumericStateCondition = z.infer<typeof NumericStateCondition>;

const HEALTH_STATUSES = ['healthy', 'degraded', 'unhealthy'] as const;
const HealthStatus = z.enum(HEALTH_STATUSES);
const HealthState = z.strictObject({
  entity: z.string().min(1).describe('System id'),
  status: z.union([HealthStatus, z.array(HealthStatus).min(1)], { error: 'not a status' }),
  for: Duration.optional().describe('It has held for at least this long'),
});
const EntityState = z.strictObject({
  kind: z.string().min(1).describe('Entity kind'),
  id: z.string().min(1).describe('Entity id'),
  field: z.string().min(1).describe('Field of the state'),
  equals: z.unknown().describe('A value, or a list of values of which one must match'),
  for: Duration.optional().describe('It has held for at least this long'),
});
/** The two forms of a `state` condition: one for the health of a system, and one for any entity. */
export const STATE_FORMS = { health: HealthState, entity: EntityState };
/** Schema of the value of a `state` condition. */
export const State = z.union([HealthState, EntityState], { error: 'not a state' });
const StateCondition = z.strictObject({ state: State }).describe('An entity is in a state');
export type StateCondition = z.infer<typeof StateCondition>;

const TimeOfDay = z.string().refine(isTimeOfDay, { error: 'Write it as "HH:MM" or "HH:MM:SS"' });
const Weekday = z.union([z.enum(WEEKDAYS), z.number().int().min(0).max(6)], { error: 'not a weekday' });
const TimeCondition = z
  .strictObject({
    time: z
      .strictObject({
        after: TimeOfDay.optional().describe('From this time of day on, inclusive'),
        before: TimeOfDay.optional().describe('Until this time of day, exclusive'),
        weekday: z
          .union([Weekday, z.array(Weekday).min(1)], { error: 'not a list of weekdays' })
          .optional()
          .describe('mon…sun, or 0 (Sunday) to 6; for a window over midnight, the day on which it began'),
        timezone: z.string().refine(isTimezone, { error: 'Not an IANA time zone such as "Europe/Berlin"' }).optional(),
      })
      .superRefine((time, ctx) => {
        if (time.after === undefined && time.before === undefined && time.weekday === undefined) {
          ctx.addIssue({ code: 'custom', message: 'Give "after", "before" or "weekday"' });
        }
      }),
  })
  .describe('Holds when the time of day is within a window');
export type TimeCondition = z.infer<typeof TimeCondition>;

const TriggerCondition = z
  .strictObject({ trigger: z.union([z.string(), z.array(z.string()).min(1)], { error: 'not trigger ids' }) })
  .describe('One of these triggers started the run');
export type TriggerCondition = z.infer<typeof TriggerCondition>;

/** Schema of each structured condition, by its key. */
export const CONDITION_FORMS = {
  and: AndCondition,
  or: OrCondition,
  not: NotCondition,
  numeric_state: NumericStateCondition,
  state: StateCondition,
  time: TimeCondition,
  trigger: TriggerCondition,
} as const;

const ConditionList = z.array(nested).describe('All hold');
export const Condition: z.ZodType<Condition> = z
  .union(
    [
      ExpressionText,
      z.boolean(),
      ConditionList,
      AndCondition,
      OrCondition,
      NotCondition,
      NumericStateCondition,
      StateCondition,
      TimeCondition,
      TriggerCondition,
    ],
    { error: 'not a condition' },
  )
  .meta({
    id: 'Condition',
    description:
      'An expression, a list of conditions that must all hold, or a map with one of: and, or, not, numeric_state, state, time, trigger',
  });
