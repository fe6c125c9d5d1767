import type { Egress } from '../../edges/egress/egress';
import type { Plugin } from '../contract';
import { createKubernetesClient } from './client';
import { createKubernetesConnectionType } from './connection';
import { createCordon, createDrain } from './nodes';
import { createDeletePod, createGet, createPatch } from './objects';
import { createRunJob } from './run-job';
import { createRolloutRestart, createRolloutUndo, createScale } from './workloads';

/** Creates the plugin for Kubernetes, which uses the HTTP API of the API server. */
export function createKubernetesPlugin({ egress }: { egress: Egress }): Plugin {
  const kubernetes = createKubernetesClient(egress);
  return {
    id: 'integration-kubernetes',
    connectionTypes: [createKubernetesConnectionType(kubernetes)],
    actions: [
      createRolloutRestart(kubernetes),
      createRolloutUndo(kubernetes),
      createScale(kubernetes),
      createCordon(kubernetes, 'cordon'),
      createCordon(kubernetes, 'uncordon'),
      createDrain(kubernetes),
      createDeletePod(kubernetes),
      createRunJob(kubernetes),
      createGet(kubernetes),
      createPatch(kubernetes),
    ],
  };
}
