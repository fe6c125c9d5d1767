import type { Egress } from '../../edges/egress/egress';
import type { Plugin } from '../contract';
import { createSshConnectionType } from './connection';
import { createRun } from './run';
import { createUpload } from './upload';

/** Commands and files on hosts, by SSH. */
export function createSshPlugin({ egress }: { egress: Egress }): Plugin {
  return {
    id: 'integration-ssh',
    connectionTypes: [createSshConnectionType(egress)],
    actions: [createRun(egress), createUpload(egress)],
  };
}
