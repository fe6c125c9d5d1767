import { z } from 'zod';
import { DwellDuration } from './duration';
import { ExpressionText, JsonMap } from './expression-text';

/** Pattern of trigger ids. */
export const TRIGGER_ID = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

const Window = z
  .strictObject({
    count: z.int().min(1).max(1_000).describe('Number of events after which the trigger fires'),
    minutes: z.number().min(1).max(1_440).describe('Minutes within which the events have to occur'),
    refire: z
      .enum(['every', 'once'])
      .default('every')
      .describe(
        'every: fire at each event from the n-th on; once: fire again only after the count has dropped below n',
      ),
    partitionBy: ExpressionText.optional().describe(
      'Count separately for each value of this; default: the context key',
    ),
  })
  .describe('Fire only when the event occurs often enough');

/** A trigger of an automation and its gates. */
export const TriggerDefinition = z
  .strictObject({
    id: z
      .string()
      .regex(TRIGGER_ID, { error: 'A letter first, then letters, digits, "_" or "-", at most 64 characters' })
      .describe('Id of the trigger; default: derived from the event'),
    event: z.string().describe('<plugin>.<name>'),
    enabled: z.boolean().default(true),
    config: JsonMap.default({}).describe("Checked against the event's own schema"),
    filter: ExpressionText.optional().describe('Fire only if this holds'),
    window: Window.optional(),
    for: DwellDuration.optional().describe('Fire only when the cause has held this long without a gap'),
  })
  .meta({ id: 'Trigger', description: 'What starts the automation' });
export type TriggerDefinition = z.infer<typeof TriggerDefinition>;
