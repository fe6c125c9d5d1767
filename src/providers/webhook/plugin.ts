import type { Plugin } from '../contract';
import type { Egress } from '../egress/egress';
import { createSendAction } from './send';

/** Outgoing webhooks. */
export function createWebhookPlugin({ egress }: { egress: Egress }): Plugin {
  return { id: 'integration-webhook', actions: [createSendAction(egress)] };
}
