import type { Egress } from '../../edges/egress/egress';
import type { Plugin } from '../contract';
import { createAddNote, createChange, createCreateAlert } from './actions';
import { createOpsgenieClient } from './client';
import { createOpsgenieConnectionType } from './connection';

/** Creates the plugin for Opsgenie and for alerts in Jira Service Management, which has the same API. */
export function createOpsgeniePlugin({ egress }: { egress: Egress }): Plugin {
  const client = createOpsgenieClient(egress);
  return {
    id: 'integration-opsgenie',
    connectionTypes: [createOpsgenieConnectionType(client)],
    actions: [
      createCreateAlert(client),
      createChange(client, 'close_alert'),
      createChange(client, 'acknowledge'),
      createAddNote(client),
    ],
  };
}
