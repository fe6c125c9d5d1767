import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ActivityInterceptorsFactory, NativeConnection } from '@temporalio/worker';
import { bundleWorkflowCode, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { projectRoot } from '../project-root';

/** What `npm run build` left, else bundled here from the sources (tests). */
export async function workflowBundle(): Promise<WorkflowBundleOption> {
  const built = join(projectRoot(), 'dist', 'workflow-bundle.js');
  if (existsSync(built)) return { codePath: built };
  return bundleWorkflowCode({ workflowsPath: require.resolve('../workflows/index') });
}

export interface TemporalWorkerOptions {
  connection: NativeConnection;
  namespace: string;
  taskQueue: string;
  bundle: WorkflowBundleOption;
  activities: object;
  /** Sees what activities throw. */
  interceptor: ActivityInterceptorsFactory;
  /** 0 makes every workflow task replay from the start; for tests. */
  maxCachedWorkflows?: number | undefined;
}

/** Activities under way at a time; each takes a database connection for short moments. */
const CONCURRENT_ACTIVITIES = 50;

/** The worker that executes runs; sized for one process of a two-core machine. */
export function createTemporalWorker(options: TemporalWorkerOptions): Promise<Worker> {
  const { connection, namespace, taskQueue, bundle, activities, maxCachedWorkflows, interceptor } = options;
  return Worker.create({
    connection,
    namespace,
    taskQueue,
    workflowBundle: bundle,
    activities,
    interceptors: { activity: [interceptor] },
    maxConcurrentActivityTaskExecutions: CONCURRENT_ACTIVITIES,
    maxConcurrentLocalActivityExecutions: CONCURRENT_ACTIVITIES,
    maxCachedWorkflows: maxCachedWorkflows ?? 500,
    shutdownGraceTime: '10 seconds',
  });
}
