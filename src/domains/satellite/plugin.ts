import { z } from 'zod';
import type { TriggerType } from '../../domain/registry/trigger-type';
import type { Plugin } from '../../integrations/contract';
import { satelliteKind } from './satellites';

const trigger = (id: string, displayName: string, description: string, status: 'online' | 'offline'): TriggerType => ({
  ...{ id, displayName, description, category: 'Satellites', contextKeyLabel: 'satellite' },
  payloadSchema: z.object({
    satelliteId: z.string(),
    name: z.string(),
    region: z.string().nullable(),
    status: z.enum(['online', 'offline']),
    lastSeenAt: z.string().nullable(),
  }),
  contextKey: (payload) => String(payload.satelliteId),
  holds: {
    entity: (payload) => ({ kind: satelliteKind.kind, id: String(payload.satelliteId) }),
    test: (state) => state !== null && state.status === status,
  },
});

/** The plugin for satellites, which are programs that run checks from other locations. */
export const satellitePlugin: Plugin = {
  id: 'satellite',
  triggers: [
    trigger('connected', 'Satellite connected', 'The first heartbeat of an offline satellite was received.', 'online'),
    trigger('disconnected', 'Satellite disconnected', 'A satellite went offline, for any reason.', 'offline'),
    trigger('heartbeat_lost', 'Satellite lost', 'A heartbeat is overdue.', 'offline'),
  ],
  entityKinds: [satelliteKind],
};
