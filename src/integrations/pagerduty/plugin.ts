import type { Egress } from '../../edges/egress/egress';
import type { Plugin } from '../contract';
import { createPagerdutyClient } from './client';
import { createPagerdutyConnectionType } from './connection';
import { createChange, createTrigger } from './events';
import { createAddNote, createOnCall } from './rest-actions';

/** Creates the plugin for PagerDuty. It uses the Events API v2, and the REST API for notes and schedules. */
export function createPagerdutyPlugin({ egress }: { egress: Egress }): Plugin {
  const client = createPagerdutyClient(egress);
  return {
    id: 'integration-pagerduty',
    connectionTypes: [createPagerdutyConnectionType(client)],
    actions: [
      createTrigger(client),
      createChange(client, 'acknowledge'),
      createChange(client, 'resolve'),
      createAddNote(client),
      createOnCall(client),
    ],
  };
}
