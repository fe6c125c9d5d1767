import type { Egress } from '../../edges/egress/egress';
import type { Plugin } from '../contract';
import { createSshConnectionType } from './connection';
import { createRun } from './run';
import { createUpload } from './upload';

/** Creates the plugin for running commands and uploading files over SSH. */
export function createSshPlugin({ egress }: { egress: Egress }): Plugin {
  return {
    id: 'integration-ssh',
    connectionTypes: [createSshConnectionType(egress)],
    actions: [createRun(egress), createUpload(egress)],
  };
}
