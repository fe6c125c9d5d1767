import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DataConverter } from '@temporalio/common';
import type { ActivityInterceptorsFactory, NativeConnection } from '@temporalio/worker';
import { bundleWorkflowCode, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { createStretchStops } from './stretch-stops';
import { callsQueueOf } from '../domain/run/calls-queue';
import { projectRoot } from '../project-root';
import { bundleOptions } from './bundle-options';
import { versioningOptions, type Deployment } from './release/versioned-worker';
import type { WorkerSizes } from '../worker-sizes';

/** Returns the bundle that `npm run build` wrote. Without such a bundle (in tests), bundles the sources. */
export async function workflowBundle(): Promise<WorkflowBundleOption> {
  const built = join(projectRoot(), 'dist', 'workflow-bundle.js');
  if (existsSync(built)) return { codePath: built };
  return bundleWorkflowCode(bundleOptions(join(__dirname, '..', 'workflows')));
}

/** Makes workflows put the messages of their failures into payloads (`workflows/failure-converter.ts`). */
function encodingFailures(bundle: WorkflowBundleOption): WorkflowBundleOption {
  const code = 'code' in bundle ? bundle.code : readFileSync(bundle.codePath, 'utf8');
  return { code: `globalThis.__fermataEncodesFailures = true;${code}` };
}

export interface TemporalWorkerOptions {
  connection: NativeConnection;
  namespace: string;
  taskQueue: string;
  bundle: WorkflowBundleOption;
  /** Converts payloads. If it has a failure converter, it also encodes failures of workflows. */
  dataConverter: DataConverter;
  activities: object;
  sizes: WorkerSizes;
  /** The release of the workers; undefined = they are not versioned. */
  deployment: Deployment | undefined;
  /** Interceptors that are notified of the starts, ends and errors of activities. */
  interceptors: ActivityInterceptorsFactory[];
  /** Maximum time from `shutdown()` until `run()` resolves, in milliseconds. */
  shutdownMs: number;
}

/**
 * Fractions of the shutdown time. Activities are cancelled after `GRACE`, and the worker stops waiting for them after
 * `FORCE`.
 */
const GRACE = 0.4;
const FORCE = 0.7;

/**
 * Oldest supported version of Temporal's SDK. Earlier versions did not deliver the markers of local activities in the
 * order of the history, so that a replay could issue a run's commands in a different order.
 */
const SDK_FLOOR = [1, 24] as const;

/**
 * Checks the version of Temporal's SDK.
 * @throws {Error} when it is older than `SDK_FLOOR`
 */
export function assertSdkFloor(version: string = installedSdk()): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > SDK_FLOOR[0] || (major === SDK_FLOOR[0] && minor >= SDK_FLOOR[1])) return;
  throw new Error(
    `@temporalio/worker ${version} is installed; runs need ${SDK_FLOOR.join('.')} or newer to replay safely.`,
  );
}

function installedSdk(): string {
  const file = require.resolve('@temporalio/worker/package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** The two workers of a process, which are run together. */
export interface TemporalWorkers {
  /** Resolves when both workers have ended. If a worker ends with an error, the other worker is shut down. */
  run(): Promise<void>;
  shutdown(): void;
}

/**
 * Creates the two workers of a process. One worker executes runs and their activities. The other worker makes calls to
 * slow origins, which have a separate task queue and separate slots.
 */
export async function createTemporalWorkers(options: TemporalWorkerOptions): Promise<TemporalWorkers> {
  const { connection, namespace, taskQueue, bundle, activities, interceptors, sizes, shutdownMs } = options;
  const { dataConverter } = options;
  assertSdkFloor();
  const stops = createStretchStops();
  const common = {
    ...{ connection, namespace, activities, dataConverter },
    interceptors: { activity: [...interceptors, stops.interceptor] },
    maxConcurrentActivityTaskExecutions: sizes.activities,
    maxConcurrentActivityTaskPolls: sizes.activityPollers,
    ...versioningOptions(options.deployment),
    shutdownGraceTime: Math.round(shutdownMs * GRACE),
    shutdownForceTime: Math.round(shutdownMs * FORCE),
  };
  const runs = await Worker.create({
    ...common,
    taskQueue,
    sinks: stops.sinks,
    workflowBundle: dataConverter.failureConverterPath === undefined ? bundle : encodingFailures(bundle),
    maxConcurrentWorkflowTaskExecutions: sizes.workflowTasks,
    maxConcurrentWorkflowTaskPolls: sizes.workflowPollers,
    maxConcurrentLocalActivityExecutions: sizes.activities,
    maxCachedWorkflows: sizes.cachedWorkflows,
  });
  const calls = await Worker.create({ ...common, taskQueue: callsQueueOf(taskQueue) });
  const both = [runs, calls];
  const shutdown = (): void => {
    for (const worker of both) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  return {
    async run() {
      const ends = await Promise.allSettled(both.map((worker) => worker.run().finally(shutdown)));
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
    },
    shutdown,
  };
}
