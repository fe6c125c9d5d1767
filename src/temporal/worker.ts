import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ActivityInterceptorsFactory, NativeConnection } from '@temporalio/worker';
import { bundleWorkflowCode, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { projectRoot } from '../project-root';

/** What `npm run build` left, else bundled here from the sources (tests). */
export async function workflowBundle(): Promise<WorkflowBundleOption> {
  const built = join(projectRoot(), 'dist', 'workflow-bundle.js');
  if (existsSync(built)) return { codePath: built };
  return bundleWorkflowCode({
    workflowsPath: require.resolve('../workflows/index'),
    workflowInterceptorModules: [require.resolve('../workflows/run/delivery-order')],
  });
}

export interface TemporalWorkerOptions {
  connection: NativeConnection;
  namespace: string;
  taskQueue: string;
  bundle: WorkflowBundleOption;
  activities: object;
  /** Slots of this process. */
  slots: WorkerSlots;
  /** See what activities throw, and when they run. */
  interceptors: ActivityInterceptorsFactory[];
  /** 0 makes every workflow task replay from the start; for tests. */
  maxCachedWorkflows?: number | undefined;
  /** Longest time from `shutdown()` until `run()` ends, in milliseconds. */
  shutdownMs: number;
}

/** How much one worker process does at a time. */
export interface WorkerSlots {
  /** Workflow tasks; a run holds one while its local steps run. */
  workflowTasks: number;
  /** Activities, and as many local ones; each takes a database connection for short moments. */
  activities: number;
}

/** Shares of the shutdown time after which activities are cancelled, and after which the worker no longer waits for them. */
const GRACE = 0.4;
const FORCE = 0.7;

/** The worker that executes runs. */
export function createTemporalWorker(options: TemporalWorkerOptions): Promise<Worker> {
  const { connection, namespace, taskQueue, bundle, activities, maxCachedWorkflows, interceptors, slots, shutdownMs } =
    options;
  return Worker.create({
    connection,
    namespace,
    taskQueue,
    workflowBundle: bundle,
    activities,
    interceptors: { activity: interceptors },
    maxConcurrentWorkflowTaskExecutions: slots.workflowTasks,
    maxConcurrentActivityTaskExecutions: slots.activities,
    maxConcurrentLocalActivityExecutions: slots.activities,
    maxCachedWorkflows: maxCachedWorkflows ?? 500,
    shutdownGraceTime: Math.round(shutdownMs * GRACE),
    shutdownForceTime: Math.round(shutdownMs * FORCE),
  });
}
