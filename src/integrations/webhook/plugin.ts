import type { Plugin } from '../contract';
import type { Egress } from '../../edges/egress/egress';
import { createWebhookConnectionType } from './connection';
import { createSendAction } from './send';

/** Creates the plugin for outgoing webhooks. */
export function createWebhookPlugin({ egress }: { egress: Egress }): Plugin {
  return {
    id: 'integration-webhook',
    connectionTypes: [createWebhookConnectionType(egress)],
    actions: [createSendAction(egress)],
  };
}
