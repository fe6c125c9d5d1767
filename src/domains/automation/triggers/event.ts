import { z } from 'zod';
import type { TriggerType } from '../../../domain/registry/trigger-type';

/** A CloudEvent in the payload of a trigger: its context attributes, including extensions, and `data`. */
const Payload = z.looseObject({
  type: z.string(),
  source: z.string().optional(),
  id: z.string().optional(),
  subject: z.string().optional(),
  time: z.string().optional(),
  data: z.unknown().optional(),
});

const Config = z.strictObject({ type: z.string().min(1), source: z.string().min(1).optional() });

/** Fires for events that are posted to the API or emitted by `automation.emit_event`. */
export const eventTrigger: TriggerType = {
  id: 'event',
  displayName: 'Event',
  description: 'A CloudEvent of one type was received, or an automation emitted one.',
  category: 'Automation',
  payloadSchema: Payload,
  configSchema: Config,
  contextKey: (payload) => (typeof payload.subject === 'string' ? payload.subject : null),
  contextKeyLabel: 'subject',
  evaluateConfig(payload, config) {
    return payload.type === config.type && (config.source === undefined || payload.source === config.source);
  },
  routingKey: {
    ofConfig: (config) => (typeof config.type === 'string' ? config.type : null),
    ofPayload: (payload) => String(payload.type),
  },
};
