import { z } from 'zod';
import type { TriggerType } from '../../domain/registry/trigger-type';

const SystemPayload = z.object({
  systemId: z.string(),
  systemName: z.string().optional(),
  changedFields: z.array(z.string()).optional(),
});

const systemTrigger = (id: string, displayName: string, description: string): TriggerType => ({
  ...{ id, displayName, description },
  category: 'Catalogue',
  payloadSchema: SystemPayload,
  contextKey: (payload) => String(payload.systemId),
  contextKeyLabel: 'system',
});

const groupTrigger = (id: string, displayName: string, description: string): TriggerType => ({
  ...{ id, displayName, description },
  category: 'Catalogue',
  payloadSchema: z.object({
    groupId: z.string(),
    name: z.string(),
    changedFields: z.array(z.string()).optional(),
  }),
  contextKey: (payload) => String(payload.groupId),
  contextKeyLabel: 'group',
});

export const catalogTriggers: readonly TriggerType[] = [
  systemTrigger('created', 'System created', 'A system was added to the catalogue.'),
  systemTrigger('updated', 'System updated', 'Name, description or metadata of a system changed.'),
  systemTrigger('deleted', 'System deleted', 'A system was removed from the catalogue.'),
  groupTrigger('group_created', 'Group created', 'A group of systems was added.'),
  groupTrigger('group_updated', 'Group updated', 'Name, description or metadata of a group changed.'),
  groupTrigger('group_deleted', 'Group deleted', 'A group was removed; its systems stay.'),
];
