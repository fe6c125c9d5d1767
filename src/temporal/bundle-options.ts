import { join } from 'node:path';
import type { BundleOptions } from '@temporalio/worker';

/**
 * Returns the bundle options for the workflows of a directory. Their modules are loaded once for each worker thread and
 * shared by its executions, which saves time at each start and memory for each waiting run. No module may therefore
 * hold the state of an execution: lint refuses module variables in `workflows/`.
 */
export function bundleOptions(workflows: string): BundleOptions & { preloadModules: string[] } {
  const workflowsPath = require.resolve(join(workflows, 'index'));
  const interceptors = require.resolve(join(workflows, 'run', 'delivery-order'));
  return {
    workflowsPath,
    workflowInterceptorModules: [interceptors],
    failureConverterPath: require.resolve(join(workflows, 'failure-converter')),
    preloadModules: [interceptors, workflowsPath],
  };
}
