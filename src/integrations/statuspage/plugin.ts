import type { Egress } from '../../edges/egress/egress';
import type { Plugin } from '../contract';
import { createStatuspageClient } from './client';
import { createStatuspageConnectionType } from './connection';
import { createCreateIncident, createUpdateIncident } from './incidents';
import { createSetComponent } from './set-component';

/** Creates the plugin for Atlassian Statuspage. */
export function createStatuspagePlugin({ egress }: { egress: Egress }): Plugin {
  const statuspage = createStatuspageClient(egress);
  return {
    id: 'integration-statuspage',
    connectionTypes: [createStatuspageConnectionType(statuspage)],
    actions: [createCreateIncident(statuspage), createUpdateIncident(statuspage), createSetComponent(statuspage)],
  };
}
