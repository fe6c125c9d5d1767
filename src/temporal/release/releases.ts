import { isGrpcServiceError, type Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';

/** A build of a deployment in Temporal. */
export interface ReleaseVersion {
  buildId: string;
  /** `current`, `ramping`, `inactive`, `draining`, `drained`, or another value from a newer server. */
  status: string;
  createdAt: string | null;
}

/** How Temporal distributes the runs of a deployment across its builds. */
export interface ReleaseStatus {
  deployment: string;
  /** The current build; null = workers without versioning. */
  current: string | null;
  /** The build that receives a share of the runs; null = none. */
  ramping: { buildId: string; percentage: number } | null;
  /** The builds, ordered from newest to oldest. */
  versions: ReleaseVersion[];
}

/** Thrown when Temporal refuses a routing change or does not know the deployment. The message explains what to do. */
export class ReleaseError extends Error {
  override readonly name = 'ReleaseError';
}

/**
 * Reads and sets the current and the ramping build of a deployment. A call that sets a build returns when Temporal has
 * updated all task queues, or after 10 s. All calls throw when Temporal cannot be reached.
 */
export interface Releases {
  /**
   * Returns the builds of the deployment.
   * @throws {ReleaseError} when no worker of the deployment has connected yet
   */
  status(): Promise<ReleaseStatus>;
  /**
   * Makes a build current; null = workers without versioning.
   * @param force makes the change even when the build has no workers on a task queue that the current build serves
   * @throws {ReleaseError} when the build or the deployment does not exist, or Temporal refuses the call
   */
  setCurrent(buildId: string | null, force: boolean): Promise<void>;
  /**
   * Sends a share of the runs to a build; null ends the ramp.
   * @throws {ReleaseError} when the build or the deployment does not exist, or Temporal refuses the call
   */
  setRamping(ramp: { buildId: string; percentage: number } | null, force: boolean): Promise<void>;
}

const { WorkerDeploymentVersionStatus, RoutingConfigUpdateState } = temporal.api.enums.v1;
const POLL_MS = 200;
/**
 * Maximum time to wait until Temporal has updated all task queues, in milliseconds. The change takes effect even if the
 * wait times out.
 */
const PROPAGATION_MS = 10_000;
/** gRPC status codes. */
const NOT_FOUND = 5;
const FAILED_PRECONDITION = 9;

/** Creates the calls that read and change the builds of a deployment. */
export function createReleases({ client, deployment }: { client: Client; deployment: string }): Releases {
  const { workflowService: service } = client;
  const { namespace, identity } = client.options;
  const request = { namespace, deploymentName: deployment };
  const describe = async () => {
    const { workerDeploymentInfo } = await refusals(deployment, () => service.describeWorkerDeployment(request));
    return workerDeploymentInfo ?? {};
  };
  const propagated = async (): Promise<void> => {
    const end = performance.now() + PROPAGATION_MS;
    while (performance.now() < end) {
      const { routingConfigUpdateState } = await describe();
      if (routingConfigUpdateState !== RoutingConfigUpdateState.ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS) return;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  };
  return {
    async status() {
      const { routingConfig, versionSummaries } = await describe();
      const ramping = routingConfig?.rampingDeploymentVersion?.buildId ?? '';
      const versions = (versionSummaries ?? []).map(({ deploymentVersion, status, createTime }) => ({
        buildId: deploymentVersion?.buildId ?? '',
        status: statusName(status),
        createdAt: createTime ? new Date(Number(createTime.seconds ?? 0) * 1_000).toISOString() : null,
      }));
      return {
        deployment,
        current: routingConfig?.currentDeploymentVersion?.buildId ?? null,
        ramping: ramping === '' ? null : { buildId: ramping, percentage: routingConfig?.rampingVersionPercentage ?? 0 },
        versions: versions.sort((a, b) => (b.createdAt ?? '').localeCompare(a.createdAt ?? '')),
      };
    },
    async setCurrent(buildId, force) {
      const flags = { ignoreMissingTaskQueues: force, allowNoPollers: force };
      await refusals(deployment, () =>
        service.setWorkerDeploymentCurrentVersion({ ...request, ...flags, identity, buildId: buildId ?? '' }),
      );
      await propagated();
    },
    async setRamping(ramp, force) {
      const flags = { ignoreMissingTaskQueues: force, allowNoPollers: force };
      const { buildId, percentage } = ramp ?? { buildId: '', percentage: 0 };
      await refusals(deployment, () =>
        service.setWorkerDeploymentRampingVersion({ ...request, ...flags, identity, buildId, percentage }),
      );
      await propagated();
    },
  };
}

function statusName(status: number | null | undefined): string {
  const name = WorkerDeploymentVersionStatus[status ?? 0] ?? 'unknown';
  return name.replace('WORKER_DEPLOYMENT_VERSION_STATUS_', '').toLowerCase();
}

async function refusals<T>(deployment: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isGrpcServiceError(error)) throw error;
    if (error.code === NOT_FOUND) {
      throw new ReleaseError(
        `Build or deployment "${deployment}" not found in Temporal (${error.details}). Start a worker with FERMATA_DEPLOYMENT_NAME=${deployment} first.`,
        { cause: error },
      );
    }
    if (error.code === FAILED_PRECONDITION) {
      throw new ReleaseError(`Temporal refused the call: ${error.details}`, { cause: error });
    }
    throw error;
  }
}
