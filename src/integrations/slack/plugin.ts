import type { Egress } from '../../edges/egress/egress';
import type { Plugin } from '../contract';
import {
  createAddReaction,
  createOpenChannel,
  createPostMessage,
  createSetTopic,
  createUpdateMessage,
} from './actions';
import { createSlackClient } from './client';
import { createSlackConnectionType } from './connection';
import { createUploadFile } from './upload-file';

/** Creates the plugin for Slack, which uses the Web API. Events from Slack are in `events.ts`. */
export function createSlackPlugin({ egress }: { egress: Egress }): Plugin {
  const slack = createSlackClient(egress);
  return {
    id: 'integration-slack',
    connectionTypes: [createSlackConnectionType(slack)],
    actions: [
      createPostMessage(slack),
      createUpdateMessage(slack),
      createAddReaction(slack),
      createUploadFile(slack, egress),
      createOpenChannel(slack),
      createSetTopic(slack),
    ],
  };
}
