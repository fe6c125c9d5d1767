import { z } from 'zod';
import type { TriggerType } from '../../domain/registry/trigger-type';
import type { AnyConnectionType } from '../../integrations/connections/connection-type';
import type { Plugin } from '../../integrations/contract';
import type { Egress } from '../../edges/egress/egress';
import { createSmtpConnectionType } from '../../integrations/smtp/connection';
import { createSendAction } from './send';

const trigger = (id: string, displayName: string, description: string): TriggerType => ({
  ...{ id, displayName, description, category: 'Notifications', contextKeyLabel: 'notification' },
  payloadSchema: z.object({
    notificationId: z.string(),
    strategy: z.string(),
    durationMs: z.number(),
    errorMessage: z.string().optional(),
    timestamp: z.string(),
  }),
  contextKey: (payload) => String(payload.notificationId),
});

/**
 * Creates the plugin that sends notifications through connections. `types` is called after all plugins have been
 * loaded.
 */
export function createNotificationPlugin(deps: {
  egress: Egress;
  types: () => ReadonlyMap<string, AnyConnectionType>;
}): Plugin {
  return {
    id: 'notification',
    triggers: [
      trigger('delivered', 'Notification delivered', 'notification.send reached all its recipients.'),
      trigger('failed', 'Notification failed', 'notification.send did not reach all its recipients.'),
    ],
    connectionTypes: [createSmtpConnectionType(deps.egress)],
    actions: [createSendAction(deps.types)],
  };
}
