import { z } from 'zod';
import { appendChanges } from '../../../db/change-log';
import { assertStorable } from '../../../domain/entities/storable';
import type { TransactionalAction } from '../../../integrations/contract';
import { eventRow } from '../event-row';

const Config = z.strictObject({
  type: z.string().min(1).max(500),
  subject: z.string().max(500).optional(),
  data: z.unknown().optional(),
});

/**
 * Appends an event that starts automations with the trigger `automation.event`. The source of the event is the
 * automation.
 */
export const emitEventAction: TransactionalAction<z.infer<typeof Config>> = {
  id: 'emit_event',
  displayName: 'Emit an event',
  description: 'Emits an event of a custom type, which automations with the trigger automation.event receive.',
  configSchema: Config,
  produces: { name: 'event', schema: z.object({ changeId: z.string() }) },
  execution: 'transaction',
  async execute({ config, tx, entities, run, cause, now }) {
    assertStorable(config);
    const changeId = entities.ids.next();
    const { type, data } = config;
    const event = {
      ...{ id: changeId, type, source: `/automations/${run.automationId}`, time: now.toISOString() },
      // A subject whose template renders to an empty text counts as absent.
      ...(config.subject && { subject: config.subject }),
      ...(data !== undefined && { data }),
    };
    await appendChanges(tx, [eventRow(event, { changeId, occurredAt: now, cause })]);
    return { output: { changeId }, artifact: { changeId } };
  },
};
