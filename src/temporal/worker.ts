import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ActivityInterceptorsFactory, NativeConnection } from '@temporalio/worker';
import { bundleWorkflowCode, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { callsQueueOf } from '../domain/run/calls-queue';
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

/** Both workers of a process, as one. */
export interface TemporalWorkers {
  /** Settles when both have ended; when one ends with an error, the other one is shut down. */
  run(): Promise<void>;
  shutdown(): void;
}

/**
 * The workers of one process: one executes runs and their activities; the other one calls to slow origins, which have a task
 * queue and slots of their own.
 */
export async function createTemporalWorkers(options: TemporalWorkerOptions): Promise<TemporalWorkers> {
  const { connection, namespace, taskQueue, bundle, activities, maxCachedWorkflows, interceptors, slots, shutdownMs } =
    options;
  const common = {
    ...{ connection, namespace, activities, interceptors: { activity: interceptors } },
    maxConcurrentActivityTaskExecutions: slots.activities,
    shutdownGraceTime: Math.round(shutdownMs * GRACE),
    shutdownForceTime: Math.round(shutdownMs * FORCE),
  };
  const runs = await Worker.create({
    ...common,
    taskQueue,
    workflowBundle: bundle,
    maxConcurrentWorkflowTaskExecutions: slots.workflowTasks,
    maxConcurrentLocalActivityExecutions: slots.activities,
    maxCachedWorkflows: maxCachedWorkflows ?? 500,
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
