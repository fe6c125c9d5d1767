import type { WorkerOptions } from '@temporalio/worker';

/** The release to which a worker belongs. */
export interface Deployment {
  /** Name of the Worker Deployment, one for each installation. */
  name: string;
  /** The build that this process runs. */
  buildId: string;
}

/** Oldest server version that fully supports Worker Deployments. */
const SERVER_FLOOR = [1, 28] as const;

/**
 * Checks that the server supports worker versioning.
 * @throws {Error} when the server is too old
 */
export function assertServerSupportsDeployments(serverVersion: string): void {
  const [, major = '0', minor = '0'] = /^v?(\d+)\.(\d+)/.exec(serverVersion) ?? [];
  const isNewer = Number(major) > SERVER_FLOOR[0];
  if (isNewer || (Number(major) === SERVER_FLOOR[0] && Number(minor) >= SERVER_FLOOR[1])) return;
  throw new Error(
    `Worker versioning (FERMATA_DEPLOYMENT_NAME) needs a Temporal server ${SERVER_FLOOR.join('.')} or newer; this one is ${serverVersion === '' ? 'of an unknown version' : serverVersion}.`,
  );
}

/** Returns the options of a versioned worker. Its runs move to the current version with their next workflow task. */
export function versioningOptions(deployment: Deployment | undefined): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  if (deployment === undefined) return {};
  return {
    workerDeploymentOptions: {
      version: { deploymentName: deployment.name, buildId: deployment.buildId },
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'AUTO_UPGRADE',
    },
  };
}
